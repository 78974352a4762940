import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { LIVE } from "@gpu-dev/shared/states.ts";
import { asSentence, capitalize } from "@gpu-dev/shared/text.ts";
import { hostNameFor } from "@gpu-dev/client/ssh/hostNames.ts";
import {
  diskAfterEnd,
  phaseText,
  progressText,
  resources,
} from "@gpu-dev/client/text/reservationText.ts";
import type { WindowLocation } from "../connect/remoteWindow.ts";
import type { CommandId, Target, ViewId } from "../core/commands.ts";
import { formatTimeLeft, urgencyOf } from "../core/lease.ts";
import { endReasonLabel, formatClockTime } from "../core/text.ts";
import { contactAgeText } from "../live/contactText.ts";
import type { LiveState } from "../live/stateKeeper.ts";

export interface StatusBarContent {
  readonly text: string;
  readonly tooltip: string;
  readonly spoken: string;
  readonly background: "warning" | "error" | undefined;
  readonly command: CommandId | `${ViewId}.focus`;
  readonly target: Target | undefined;
}

/**
 * A countdown in the window of a reservation, a count of servers in any other; undefined: the item
 * is hidden.
 */
export function statusBarFor(options: {
  readonly state: LiveState;
  readonly location: WindowLocation;
  readonly now: Date;
  readonly hostPrefix?: string;
}): StatusBarContent | undefined {
  const { state, location, now, hostPrefix = "gpu-dev" } = options;
  const reservation = reservationAt(state.reservations ?? [], location, hostPrefix);
  const content = reservation ? contentOf(reservation, now) : summaryOf(state, now);
  return content && withAge(content, state, now);
}

/**
 * Names are reused after a reservation ends: the live reservation has the name, otherwise the one
 * created last.
 */
export function reservationAt(
  reservations: readonly Reservation[],
  { host, reservationId }: WindowLocation,
  hostPrefix: string,
): Reservation | undefined {
  if (reservationId !== undefined) return reservations.find(({ id }) => id === reservationId);
  const named = reservations
    .filter(
      ({ name, owner }) => host === hostNameFor(hostPrefix, { own: true, owner: owner.name, name }),
    )
    .sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  return named.find(({ state }) => LIVE.includes(state)) ?? named[0];
}

function contentOf(reservation: Reservation, now: Date): StatusBarContent {
  const { id, name, state, expiresAt, cancelRequestedAt } = reservation;
  const shared = {
    background: undefined,
    command: "gpuDev.showDetails",
    target: { kind: "reservation", id },
  } as const;
  switch (state) {
    case "queued":
    case "starting": {
      const spoken = `${name}: ${asSentence(progressText(reservation))}`;
      const icon = state === "queued" ? "$(clock)" : "$(sync~spin)";
      return { ...shared, text: `${icon} ${name} is ${state}`, tooltip: spoken, spoken };
    }
    case "ready":
      return expiresAt === undefined || cancelRequestedAt !== undefined
        ? { ...shared, ...ending(reservation) }
        : { ...shared, ...countdown(reservation, new Date(expiresAt), now) };
    case "stopping":
      return { ...shared, ...ending(reservation) };
    case "ended":
    case "failed":
      return { ...shared, ...ended(reservation, now) };
  }
}

type Part = Pick<StatusBarContent, "text" | "tooltip" | "spoken" | "background"> &
  Partial<StatusBarContent>;

function countdown(reservation: Reservation, expiresAt: Date, now: Date): Part {
  const { name } = reservation;
  const left = formatTimeLeft(expiresAt, now);
  if (left === undefined) return ending(reservation);
  const urgency = urgencyOf(expiresAt, now);
  const end = `ends at ${formatClockTime(expiresAt, now)}`;
  return {
    text: `${urgency === "none" ? "$(vm-running)" : "$(watch)"} ${name} ${left}`,
    tooltip: `${name} (${resources(reservation)}) ${end}. Click to extend.`,
    spoken: `${name}: ${left} left, ${end}`,
    background: urgency === "none" ? undefined : urgency === "soon" ? "warning" : "error",
    command: "gpuDev.extend",
  };
}

function ending(reservation: Reservation): Part {
  const { name, phase, state } = reservation;
  const phaseSuffix = state === "stopping" && phase !== undefined ? `: ${phaseText(phase)}` : "";
  return {
    text: `$(loading~spin) ${name} is ending`,
    tooltip: `${name} is ending${phaseSuffix}. ${diskAfterEnd(reservation)}`,
    spoken: `${name} is ending`,
    background: "error",
  };
}

function ended(reservation: Reservation, now: Date): Part {
  const { name, endReason, endDetail, endedAt } = reservation;
  const at =
    endedAt === undefined ? "has ended" : `ended at ${formatClockTime(new Date(endedAt), now)}`;
  const reason = asSentence(endDetail ?? capitalize(endReasonLabel(endReason)));
  return {
    text: `$(circle-slash) ${name} has ended`,
    tooltip: `${name} ${at}. ${reason} ${diskAfterEnd(reservation)}`,
    spoken: `${name} ${at}: ${endReasonLabel(endReason)}`,
    background: "error",
  };
}

function summaryOf(state: LiveState, now: Date): StatusBarContent | undefined {
  const ready = (state.reservations ?? []).filter((each) => each.state === "ready");
  if (ready.length === 0) return undefined;
  const count = `${String(ready.length)} GPU ${ready.length === 1 ? "server" : "servers"}`;
  const ends = ready.flatMap(({ expiresAt }) =>
    expiresAt === undefined ? [] : new Date(expiresAt),
  );
  const [next] = ends.sort((a, b) => a.getTime() - b.getTime());
  const left = next && formatTimeLeft(next, now);
  const when = left ? `, ${ready.length === 1 ? "" : "next "}ends in ${left}` : "";
  const names = ready.map(({ name }) => name).join(", ");
  return {
    text: `$(vm) ${count}${when}`,
    tooltip: `${count} active: ${names}. Click to show them.`,
    spoken: `${count} active${when}`,
    background: next && left && urgencyOf(next, now) === "now" ? "warning" : undefined,
    command: "gpuDev.reservations.focus",
    target: undefined,
  };
}

/**
 * A countdown continues while the server is unavailable, but the lease may have been extended
 * since.
 */
function withAge(content: StatusBarContent, state: LiveState, now: Date): StatusBarContent {
  const age = state.asOf === undefined ? undefined : contactAgeText(state, now);
  return age === undefined ? content : { ...content, tooltip: `${content.tooltip} ${age}` };
}
