import { CANCELLABLE, TERMINAL } from "@gpu-dev/shared/states.ts";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { diskAfterEnd, endText, ordinal } from "@gpu-dev/client/text/reservationText.ts";

/** A modal confirmation: what will happen, and the button that confirms it. */
export interface CancelQuestion {
  readonly title: string;
  readonly detail: string;
  readonly button: string;
}

export function isCancellable(reservation: Reservation): boolean {
  return CANCELLABLE.includes(reservation.state) && reservation.cancelRequestedAt === undefined;
}

/** Why a reservation cannot be cancelled; undefined if it can. */
export function whyNotCancellable(reservation: Reservation, now: Date): string | undefined {
  if (isCancellable(reservation)) return undefined;
  if (TERMINAL.includes(reservation.state)) return endedText(reservation, now);
  return `${reservation.name} is already ending. ${diskAfterEnd(reservation)}`;
}

export function cancelQuestion(reservation: Reservation): CancelQuestion {
  const { name, state, waiting, spec } = reservation;
  if (state === "queued") {
    const place = waiting === undefined ? "its place" : `its ${ordinal(waiting.position)} place`;
    const disk = spec.disk === undefined ? [] : [diskAfterEnd(reservation)];
    return {
      title: `Remove ${name} from the queue?`,
      detail: [`It loses ${place} in line.`, ...disk].join(" "),
      button: "Leave Queue",
    };
  }
  const sessions = state === "ready" ? ["Open sessions will be closed."] : [];
  return {
    title: `Cancel ${name}?`,
    detail: [...sessions, diskAfterEnd(reservation)].join(" "),
    button: "Cancel Reservation",
  };
}

/** The result of a cancellation, from the reservation before it and the server's response. */
export function cancelledText(before: Reservation, after: Reservation): string {
  if (before.state === "queued") return `${after.name} has left the queue.`;
  const outcome = TERMINAL.includes(after.state) ? "has ended" : "is ending";
  return `${after.name} ${outcome}. ${diskAfterEnd(after)}`;
}

/** "demo ended at 14:02 CET, when its lease expired." */
export function endedText(reservation: Reservation, now: Date): string {
  return `${reservation.name} ${endText(reservation, now)}`;
}
