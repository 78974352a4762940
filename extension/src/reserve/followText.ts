import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { progressText } from "@gpu-dev/client/text/reservationText.ts";
import type { Contact } from "../live/live.ts";

/** Whether somebody still waits for it to become ready. */
export function isOnItsWay({ state, cancelRequestedAt }: Reservation): boolean {
  return (state === "queued" || state === "starting") && cancelRequestedAt === null;
}

/** What it does right now; the last news stay on show while the server is away. */
export function followWords(reservation: Reservation, contact: Contact): string {
  const words = progressText(reservation);
  return contact.kind === "lost" ? `${words} (server not answering; still trying)` : words;
}

/** What becomes of it when nobody waits for it. */
export function goesOnSentence({ name, state }: Reservation): string {
  return state === "queued"
    ? `${name} stays queued, and starts without you. You are told when it is ready.`
    : `${name} goes on starting. You are told when it is ready.`;
}
