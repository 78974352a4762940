import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { hostNameFor } from "@gpu-dev/client/ssh/hostState.ts";
import { LIVE } from "@gpu-dev/shared/states.ts";
import {
  diskAfterEnd,
  phaseText,
  progressText,
  resources,
} from "@gpu-dev/client/text/reservationText.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import type { Here } from "../connect/remoteWindow.ts";
import { capitalize } from "../core/text.ts";
import { formatClockTime } from "../core/text.ts";
import type { CommandId, ViewId } from "../core/commands.ts";
import { endReasonLabel } from "../core/text.ts";
import { formatTimeLeft, urgencyOf } from "../core/lease.ts";
import type { Target } from "../core/commands.ts";
import type { LiveState } from "../live/live.ts";

export interface StatusBarContent {
  readonly text: string;
  readonly tooltip: string;
  readonly spoken: string;
  readonly background: "warning" | "error" | null;
  readonly command: CommandId | `${ViewId}.focus`;
  readonly target: Target | null;
}

/** A countdown in a window on a server of ours, a count in any other; null: nothing to say. */
export function statusBarFor(options: {
  readonly state: LiveState;
  readonly here: Here;
  readonly now: Date;
  readonly hostPrefix?: string;
}): StatusBarContent | null {
  const { state, here, now, hostPrefix = "gpu-dev" } = options;
  const reservation = reservationHere(state.reservations ?? [], here, hostPrefix);
  const content = reservation ? forHere(reservation, now) : forElsewhere(state, now);
  return content && withAge(content, state, now);
}

/** A name is used again once its reservation is over: the live one has it, else the one that ended last. */
export function reservationHere(
  reservations: readonly Reservation[],
  { host, reservationId }: Here,
  hostPrefix: string,
): Reservation | undefined {
  if (reservationId !== null) return reservations.find(({ id }) => id === reservationId);
  const named = reservations
    .filter(
      ({ name, owner }) => host === hostNameFor(hostPrefix, { own: true, owner: owner.name, name }),
    )
    .sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  return named.find(({ state }) => LIVE.includes(state)) ?? named[0];
}

function forHere(reservation: Reservation, now: Date): StatusBarContent {
  const { id, name, state, expiresAt, cancelRequestedAt } = reservation;
  const shared = {
    background: null,
    command: "gpuDev.showDetails",
    target: { kind: "reservation", id },
  } as const;
  switch (state) {
    case "queued":
    case "starting": {
      const words = state === "queued" ? "is waiting" : "is starting";
      const spoken = `${name}: ${asSentence(progressText(reservation))}`;
      const icon = state === "queued" ? "$(clock)" : "$(sync~spin)";
      return { ...shared, text: `${icon} ${name} ${words}`, tooltip: spoken, spoken };
    }
    case "ready":
      return expiresAt === null || cancelRequestedAt !== null
        ? { ...shared, ...ending(reservation) }
        : { ...shared, ...countdown(reservation, new Date(expiresAt), now) };
    case "stopping":
      return { ...shared, ...ending(reservation) };
    case "ended":
    case "failed":
      return { ...shared, ...over(reservation, now) };
  }
}

type Part = Pick<StatusBarContent, "text" | "tooltip" | "spoken" | "background"> &
  Partial<StatusBarContent>;

function countdown(reservation: Reservation, expiresAt: Date, now: Date): Part {
  const { name } = reservation;
  const left = formatTimeLeft(expiresAt, now);
  if (left === null) return ending(reservation);
  const urgency = urgencyOf(expiresAt, now);
  const ends = `ends at ${formatClockTime(expiresAt, now)}`;
  return {
    text: `${urgency === "none" ? "$(vm-running)" : "$(watch)"} ${name} ${left}`,
    tooltip: `${name} (${resources(reservation)}) ${ends}. Select to extend.`,
    spoken: `${name}: ${left} left, ${ends}`,
    background: urgency === "none" ? null : urgency === "soon" ? "warning" : "error",
    command: "gpuDev.extend",
  };
}

function ending(reservation: Reservation): Part {
  const { name, phase, state } = reservation;
  const what = state === "stopping" && phase !== null ? `: ${phaseText(phase)}` : "";
  return {
    text: `$(loading~spin) ${name} is ending`,
    tooltip: `${name} is ending${what}. ${diskAfterEnd(reservation)}`,
    spoken: `${name} is ending`,
    background: "error",
  };
}

function over(reservation: Reservation, now: Date): Part {
  const { name, endReason, endDetail, endedAt } = reservation;
  const since = endedAt === null ? "" : ` since ${formatClockTime(new Date(endedAt), now)}`;
  const why = asSentence(endDetail ?? capitalize(endReasonLabel(endReason)));
  return {
    text: `$(circle-slash) ${name} is over`,
    tooltip: `${name} is over${since}. ${why} ${diskAfterEnd(reservation)}`,
    spoken: `${name} is over${since}: ${endReasonLabel(endReason)}`,
    background: "error",
  };
}

function forElsewhere(state: LiveState, now: Date): StatusBarContent | null {
  const ready = (state.reservations ?? []).filter((one) => one.state === "ready");
  if (ready.length === 0) return null;
  const count = `${String(ready.length)} GPU ${ready.length === 1 ? "server" : "servers"}`;
  const ends = ready.flatMap(({ expiresAt }) => (expiresAt === null ? [] : new Date(expiresAt)));
  const [next] = ends.sort((a, b) => a.getTime() - b.getTime());
  const left = next && formatTimeLeft(next, now);
  const when = left ? `, ${ready.length === 1 ? "" : "next "}ends in ${left}` : "";
  const names = ready.map(({ name }) => name).join(", ");
  return {
    text: `$(vm) ${count}${when}`,
    tooltip: `${count} active: ${names}. Select to show them.`,
    spoken: `${count} active${when}`,
    background: next && left && urgencyOf(next, now) === "now" ? "warning" : null,
    command: "gpuDev.reservations.focus",
    target: null,
  };
}

/** Time goes on while the server is away, so a countdown does too; it may have been extended since. */
function withAge(content: StatusBarContent, state: LiveState, now: Date): StatusBarContent {
  const { contact, asOf } = state;
  if (contact.kind !== "lost" || asOf === null) return content;
  const age = `Server not answering, as of ${formatClockTime(asOf, now)}.`;
  return { ...content, tooltip: `${content.tooltip} ${age}` };
}
