import { CANCELLABLE, TERMINAL } from "@gpu-dev/shared/states.ts";
import { asSentence, capitalize } from "@gpu-dev/shared/text.ts";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { ordinal, phaseText, timeLeftText } from "@gpu-dev/client/text/reservationText.ts";
import { localTime, localTimeExact } from "@gpu-dev/client/text/times.ts";
import type { CommandId, Target } from "../core/commands.ts";
import { endReasonLabel } from "../core/text.ts";
import { isCancellable } from "../reservation/cancelText.ts";
import { type Details, plainLine } from "../reservation/documentText.ts";
import { isExtendable } from "../reservation/extendChoices.ts";
import { html, type Html } from "./html.ts";
import {
  connectionSection,
  fold,
  leaseSection,
  moreSection,
  section,
  serverSection,
  stepList,
  timeline,
} from "./sections.ts";
import { stepsOf } from "./steps.ts";

/** A button of the page. */
export interface Action {
  readonly command: CommandId;
  readonly label: string;
  readonly target: Target | undefined;
}

/** A page and the actions that it may ask for. */
export interface Page {
  readonly body: Html;
  readonly actions: readonly Action[];
}

export interface PageOptions {
  readonly now: Date;
  /** When the details were read. */
  readonly asOf: Date;
  /** The age of the data while the server does not respond. */
  readonly contact: string | undefined;
}

/** The details of a reservation. Text of the server is escaped, without control characters. */
export function detailsPage(details: Details, { now, asOf, contact }: PageOptions): Page {
  const { reservation, events, hasMore } = details;
  const actions = actionsOf(reservation);
  const body = html`<header data-key="header">
      ${contactNote(contact)}
      <h1 data-key="title" tabindex="-1">${reservation.name}</h1>
      <p data-key="state" role="status" class="state ${reservation.state}">
        ${stateTitle(reservation)}
      </p>
      <p data-key="promise" class="promise">${promiseText(reservation, now)}</p>
      ${explanation(reservation)}
      <div data-key="actions" class="actions" role="group" aria-label="Actions">
        ${actions.map(actionButton)}
      </div>
    </header>
    ${section("phases", "Phases", stepList(stepsOf(reservation, now)))}
    ${fold("timeline", "Timeline", timeline(events, hasMore, now))}
    ${fold("server", "Server", serverSection(reservation))}
    ${fold("lease", "Lease", leaseSection(reservation, now))}
    ${fold("connection", "Connection", connectionSection(details))}
    ${fold("more", "More", moreSection(reservation), "closed")}
    <footer data-key="footer">
      As of ${localTimeExact(asOf.toISOString(), now)}. This page updates automatically.
    </footer>`;
  return { body, actions };
}

/** A page without details: an explanation and at most one action. */
export function messagePage(name: string, text: string, action?: Action): Page {
  const body = html`<header data-key="header">
    <h1 data-key="title" tabindex="-1">${name}</h1>
    <p data-key="state" role="status" class="state">${text}</p>
    ${action && html`<div data-key="actions" class="actions">${actionButton(action)}</div>`}
  </header>`;
  return { body, actions: action === undefined ? [] : [action] };
}

function actionsOf(reservation: Reservation): readonly Action[] {
  const { id, state, spec, cancelRequestedAt } = reservation;
  const target = { kind: "reservation", id } as const;
  const on = (command: CommandId, label: string): Action => ({ command, label, target });
  const isReady = state === "ready" && cancelRequestedAt === undefined;
  const again: Target = { kind: "gpuType", gpuType: spec.gpuType, gpus: spec.gpus };
  return [
    ...(isReady
      ? [
          on("gpuDev.connect", "Connect"),
          on("gpuDev.openTerminal", "Open Terminal"),
          on("gpuDev.copySshCommand", "Copy SSH Command"),
        ]
      : []),
    ...(isExtendable(reservation) ? [on("gpuDev.extend", "Extend...")] : []),
    ...(isCancellable(reservation) ? [on("gpuDev.cancel", "Cancel Reservation...")] : []),
    ...(TERMINAL.includes(state)
      ? [{ command: "gpuDev.reserve", label: "Reserve Again...", target: again } as const]
      : []),
    ...(["starting", "ready", "stopping"].includes(state)
      ? [on("gpuDev.showLogs", "Show Logs")]
      : []),
    on("gpuDev.showDetailsText", "Show as Text"),
  ];
}

function actionButton({ command, label }: Action): Html {
  const kind = PRIMARY.includes(command) ? "primary" : "secondary";
  return html`<button type="button" data-key="${command}" data-command="${command}" class="${kind}">
    ${label}
  </button>`;
}

/** The commands that most users open the page for. */
const PRIMARY: readonly CommandId[] = ["gpuDev.connect", "gpuDev.reserve", "gpuDev.signIn"];

function contactNote(contact: string | undefined): Html | undefined {
  if (contact === undefined) return undefined;
  return html`<p data-key="contact" class="note warning" role="alert">${contact}</p>`;
}

const STATE_TITLES = {
  queued: "Queued",
  starting: "Starting",
  ready: "Active",
  stopping: "Ending",
  ended: "Ended",
  failed: "Failed",
} as const;

/** Announced by screen readers when it changes, so it contains no countdown. */
function stateTitle({ state, phase, waiting, cancelRequestedAt }: Reservation): string {
  const title = STATE_TITLES[state];
  if (cancelRequestedAt !== undefined && CANCELLABLE.includes(state)) return `${title}, cancelled`;
  if (state === "queued" && waiting !== undefined)
    return `${title}, ${ordinal(waiting.position)} in line`;
  return phase === undefined ? title : `${title}: ${plainLine(phaseText(phase))}`;
}

function promiseText(reservation: Reservation, now: Date): string {
  const { state, expiresAt, endedAt, endReason } = reservation;
  if (TERMINAL.includes(state)) {
    const at = endedAt === undefined ? "" : ` at ${localTime(endedAt, now)}`;
    return `${capitalize(endReasonLabel(endReason))}${at}`;
  }
  if (state === "ready" && expiresAt !== undefined) {
    return `${timeLeftText(reservation, now)} left, ends at ${localTime(expiresAt, now)}`;
  }
  return state === "stopping" ? "" : `For ${timeLeftText(reservation, now)}`;
}

/**
 * The reason why the reservation waits, the condition that its phase waits for, or how it ended.
 */
function explanation({ waiting, phaseDetail, endDetail }: Reservation): Html | undefined {
  const text = endDetail ?? phaseDetail ?? waiting?.reason;
  if (text === undefined || text === "") return undefined;
  return html`<p data-key="explanation" class="note">${asSentence(plainLine(text))}</p>`;
}
