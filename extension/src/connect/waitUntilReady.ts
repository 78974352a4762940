import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { TERMINAL } from "@gpu-dev/shared/states.ts";
import { progressText } from "@gpu-dev/client/text/reservationText.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import { Dismissed } from "../core/errors.ts";
import type { Live } from "../live/live.ts";

export interface WaitUntilReady {
  readonly live: Pick<Live, "state" | "onDidChange">;
  readonly id: Reservation["id"];
  readonly signal: AbortSignal;
  /** Called with what it is doing right now, at first and after each change. */
  readonly onProgress: (sentence: string) => void;
}

/**
 * Follows a reservation until it is ready. Rejects with a sentence when it ends instead, and with Dismissed when the
 * signal ends the waiting, which does nothing to the reservation.
 */
export async function waitUntilReady(options: WaitUntilReady): Promise<Reservation> {
  const { live, id, signal, onProgress } = options;
  return await new Promise((resolve, reject) => {
    let said = "";
    const stop = () => {
      subscription.dispose();
      signal.removeEventListener("abort", onAbort);
    };
    const onAbort = () => {
      stop();
      reject(new Dismissed());
    };
    const look = () => {
      const reservation = live.state.reservations?.find((one) => one.id === id);
      if (reservation?.state === "ready") {
        stop();
        resolve(reservation);
      } else if (reservation === undefined || hasEnded(reservation)) {
        stop();
        reject(new Error(neverReady(reservation)));
      } else if (progressText(reservation) !== said) {
        said = progressText(reservation);
        onProgress(said);
      }
    };
    const subscription = live.onDidChange(look);
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
    else look();
  });
}

/** Whether it can't become ready any more. */
export function hasEnded({ state }: Reservation): boolean {
  return TERMINAL.includes(state) || state === "stopping";
}

export function neverReady(reservation: Reservation | undefined): string {
  if (reservation === undefined) return "This reservation is not in your list any more.";
  const { name, state } = reservation;
  const why = asSentence(progressText(reservation));
  return state === "stopping"
    ? `${name} is about to end: ${why}`
    : `${name} is over: ${why} Reserve again to go on.`;
}
