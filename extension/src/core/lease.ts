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
  const step = left > Minute.seconds ? Minute.seconds : 10;
  // The text for exactly n steps is true down to half a second below, as seconds are rounded.
  const next = (left % step === 0 ? left : left - (left % step)) * Second.ms;
  const changesAt = left % step === 0 ? next - Second.ms / 2 : Math.max(next + Second.ms / 2, 0);
  return Math.max(MIN_DELAY_MS, expiresAt.getTime() - now.getTime() - changesAt + 1);
}

const MIN_DELAY_MS = 50;

function secondsLeft(expiresAt: Date, now: Date): number {
  return Math.round((expiresAt.getTime() - now.getTime()) / Second.ms);
}
