import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { formatDuration, Minute, Second } from "@gpu-dev/shared/durations.ts";

export type Urgency = "none" | "soon" | "now";

/** Within 30 minutes an end is soon, within 5 it is now: where the server warns, too. */
export function urgencyOf(expiresAt: Date, now: Date): Urgency {
  const leftMs = expiresAt.getTime() - now.getTime();
  if (leftMs > 30 * Minute.ms) return "none";
  return leftMs > 5 * Minute.ms ? "soon" : "now";
}

/** "5 h 12 min", or null once it is over. */
export function leftWords(expiresAt: Date, now: Date): string | null {
  const seconds = secondsLeft(expiresAt, now);
  return seconds <= 0 ? null : formatDuration(seconds);
}

/**
 * How long every text that counts down stays true: until the minute that some reservation has left is over, by the
 * second in its last minute in steps of ten. Never longer than a minute, as times of the day are shown too.
 */
export function redrawDelayMs(reservations: readonly Reservation[], now: Date): number {
  const delays = reservations
    .filter(({ state, expiresAt }) => state === "ready" && expiresAt !== null)
    .map(({ expiresAt }) => delayFor(new Date(expiresAt ?? now), now));
  return Math.min(Minute.ms, ...delays);
}

function delayFor(expiresAt: Date, now: Date): number {
  const left = secondsLeft(expiresAt, now);
  if (left <= 0) return Minute.ms;
  // Whole seconds are rounded, so a text turns half a second off the full one.
  const turnsAt =
    left >= Minute.seconds
      ? Math.floor(left / Minute.seconds) * Minute.seconds - 0.5
      : (Math.ceil(left / STEP_SECONDS) - 1) * STEP_SECONDS + 0.5;
  return expiresAt.getTime() - now.getTime() - turnsAt * Second.ms + 1;
}

/** In the last minute. */
const STEP_SECONDS = 10;

function secondsLeft(expiresAt: Date, now: Date): number {
  return Math.round((expiresAt.getTime() - now.getTime()) / Second.ms);
}
