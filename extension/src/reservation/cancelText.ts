import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { CANCELLABLE, TERMINAL } from "@gpu-dev/shared/states.ts";
import { diskAfterEnd, ordinal, stateWords } from "@gpu-dev/client/text/reservationText.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import { localTime } from "@gpu-dev/client/text/times.ts";

/** One modal question: what will happen, and the button that lets it. */
export interface CancelQuestion {
  readonly title: string;
  readonly detail: string;
  readonly button: string;
}

export function isCancellable(reservation: Reservation): boolean {
  return CANCELLABLE.includes(reservation.state) && reservation.cancelRequestedAt === null;
}

/** Why there is nothing to cancel any more; null where there is. */
export function whyNothingToCancel(reservation: Reservation, now: Date): string | null {
  if (isCancellable(reservation)) return null;
  if (TERMINAL.includes(reservation.state)) return overWords(reservation, now);
  return `${reservation.name} is ending already. ${diskAfterEnd(reservation)}`;
}

export function cancelQuestion(reservation: Reservation): CancelQuestion {
  const { name, state, waiting, spec } = reservation;
  if (state === "queued") {
    const place = waiting === null ? "Its place" : `Its ${ordinal(waiting.position)} place`;
    const kept = spec.disk === null ? [] : [diskAfterEnd(reservation)];
    return {
      title: `Leave the queue with ${name}?`,
      detail: [`${place} in line is given up.`, ...kept].join(" "),
      button: "Leave the Queue",
    };
  }
  const sessions = state === "ready" ? ["Open sessions on it are closed."] : [];
  return {
    title: `Cancel ${name}?`,
    detail: [...sessions, diskAfterEnd(reservation)].join(" "),
    button: "Cancel Reservation",
  };
}

/** What a cancellation came to; `before` is what was cancelled, `after` what the server answered. */
export function cancelledSentence(before: Reservation, after: Reservation): string {
  if (before.state === "queued") return `${after.name} has left the queue.`;
  const head = TERMINAL.includes(after.state) ? "is over" : "is being ended";
  return `${after.name} ${head}. ${diskAfterEnd(after)}`;
}

/** "demo is over since 14:02 CET: the lease ended." */
export function overWords(reservation: Reservation, now: Date): string {
  const { name, endedAt, endDetail } = reservation;
  const since = endedAt === null ? "" : ` since ${localTime(endedAt, now)}`;
  return `${name} is over${since}: ${asSentence(endDetail ?? stateWords(reservation))}`;
}
