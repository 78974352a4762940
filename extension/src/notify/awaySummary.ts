import type { Event } from "@gpu-dev/shared/api/events.ts";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { Minute } from "@gpu-dev/shared/durations.ts";
import { endReasonLabel } from "../core/text.ts";
import { formatClockTime } from "../core/text.ts";
import { type Notification, plainText } from "./notification.ts";

/** After a night's sleep everything that happened comes at once: nobody wants that one by one. */
export function isLate(event: Event, now: Date): boolean {
  return now.getTime() - new Date(event.at).getTime() > 10 * Minute.ms;
}

/** One message for all that came late, by how things stand now. Null: nothing in it that one would want to know. */
export function awaySummary(
  events: readonly Event[],
  reservations: readonly Reservation[],
  now: Date,
): Notification | null {
  const ids = new Set(events.map(({ reservationId }) => reservationId));
  const touched = reservations.filter(({ id }) => ids.has(id));
  const phrases = touched.flatMap((one) => phraseOf(one, now) ?? []);
  if (phrases.length === 0) return null;
  const shown = phrases.slice(0, MOST_NAMED).join(", ");
  const more = phrases.length - MOST_NAMED;
  const rest = more > 0 ? ` and ${String(more)} more` : "";
  return {
    severity: touched.some(({ state }) => state === "failed") ? "warning" : "info",
    text: plainText(`While you were away: ${shown}${rest}.`),
    buttons: [{ title: "Show Reservations", command: "gpuDev.reservations.focus", target: null }],
  };
}

const MOST_NAMED = 4;

function phraseOf(reservation: Reservation, now: Date): string | null {
  const { name, state, expiresAt, endReason } = reservation;
  if (state === "ready") {
    const until = expiresAt === null ? "" : ` until ${formatClockTime(new Date(expiresAt), now)}`;
    return `${name} is ready${until}`;
  }
  if (state !== "ended" && state !== "failed") return null;
  return endReason === "cancelled" ? null : `${name} ended (${endReasonLabel(endReason)})`;
}
