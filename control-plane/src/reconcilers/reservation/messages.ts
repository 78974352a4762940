import { formatDuration, Second } from "@gpu-dev/shared/durations.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import type { Reservation } from "../../domain/reservation.ts";

/** What the end of a reservation stops and keeps, for the event of its change to `stopping`. */
export function whatStops({ state, spec }: Reservation): string {
  const hasDisk = spec.disk !== null;
  if (state === "queued") return hasDisk ? "Its disk is given back." : "";
  if (state === "starting") {
    return `Removing what was started${hasDisk ? " and giving back its disk" : ""}.`;
  }
  return hasDisk
    ? "Closing its sessions and saving its disk."
    : "Closing its sessions; it has no disk, so its files are deleted.";
}

/** How long the reservation was usable, and why it ended. */
export function howItEnded({ readyAt, endDetail }: Reservation, endedAt: Date): string {
  const summary = readyAt
    ? `It ended ${formatDuration((endedAt.getTime() - readyAt.getTime()) / Second.ms)} after it was ready.`
    : "It ended and was never ready.";
  return endDetail === undefined ? summary : `${summary} ${asSentence(endDetail)}`;
}
