import { TERMINAL } from "@gpu-dev/shared/states.ts";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { progressText } from "@gpu-dev/client/text/reservationText.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import { Dismissed } from "../core/errors.ts";
import type { Live } from "../live/live.ts";

export interface WaitUntilReady {
  readonly live: Pick<Live, "state" | "onDidChange">;
  readonly id: Reservation["id"];
  readonly signal: AbortSignal;
  /** Called with the current progress, at first and after each change. */
  readonly onProgress: (text: string) => void;
}

/**
 * Waits until a reservation is ready. Rejects with a user-facing error if it ends instead, and with
 * Dismissed if the signal aborts the waiting, which does not affect the reservation.
 */
export async function waitUntilReady(options: WaitUntilReady): Promise<Reservation> {
  const { live, id, signal, onProgress } = options;
  return new Promise((resolve, reject) => {
    let reported = "";
    const stop = () => {
      subscription.dispose();
      signal.removeEventListener("abort", onAbort);
    };
    const onAbort = () => {
      stop();
      reject(new Dismissed());
    };
    const check = () => {
      const reservation = live.state.reservations?.find((each) => each.id === id);
      if (reservation?.state === "ready") {
        stop();
        resolve(reservation);
      } else if (reservation === undefined || hasEnded(reservation)) {
        stop();
        reject(new Error(notReadyText(reservation)));
      } else if (progressText(reservation) !== reported) {
        reported = progressText(reservation);
        onProgress(reported);
      }
    };
    const subscription = live.onDidChange(check);
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
    else check();
  });
}

/** Whether it can no longer become ready. */
export function hasEnded({ state }: Reservation): boolean {
  return TERMINAL.includes(state) || state === "stopping";
}

export function notReadyText(reservation: Reservation | undefined): string {
  if (reservation === undefined)
    return "This reservation is no longer in your list. Refresh to see the current reservations.";
  const { name, state } = reservation;
  const progress = asSentence(progressText(reservation));
  return state === "stopping"
    ? `${name} is about to end: ${progress}`
    : `${name} has ended: ${progress} Make a new reservation to continue.`;
}
