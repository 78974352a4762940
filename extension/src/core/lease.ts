import { formatDuration, Minute, Second } from "@gpu-dev/shared/durations.ts";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";

export type Urgency = "none" | "soon" | "now";

/** The lease ends soon within 30 minutes, now within 5; the server warns at the same times. */
export function urgencyOf(expiresAt: Date, now: Date): Urgency {
  const leftMs = expiresAt.getTime() - now.getTime();
  if (leftMs > 30 * Minute.ms) return "none";
  return leftMs > 5 * Minute.ms ? "soon" : "now";
}

/** "5 h 12 min", or undefined once the lease has expired. */
export function formatTimeLeft(expiresAt: Date, now: Date): string | undefined {
  const seconds = secondsLeft(expiresAt, now);
  return seconds <= 0 ? undefined : formatDuration(seconds);
}

/**
 * How long every shown countdown stays correct: until the remaining minutes of some reservation
 * change, or in its last minute until the next step of ten seconds. At most one minute, because
 * times of day are shown too.
 */
export function nextRefreshMs(reservations: readonly Reservation[], now: Date): number {
  const delays = reservations
    .filter(({ state, expiresAt }) => state === "ready" && expiresAt !== undefined)
    .map(({ expiresAt }) => countdownDelayMs(new Date(expiresAt ?? now), now));
  return Math.min(Minute.ms, ...delays);
}

function countdownDelayMs(expiresAt: Date, now: Date): number {
  const left = secondsLeft(expiresAt, now);
  if (left <= 0) return Minute.ms;
  // Seconds are rounded, so the text changes half a second before the full minute or step.
  const changesAt =
    left >= Minute.seconds
      ? Math.floor(left / Minute.seconds) * Minute.seconds - 0.5
      : (Math.ceil(left / STEP_SECONDS) - 1) * STEP_SECONDS + 0.5;
  return expiresAt.getTime() - now.getTime() - changesAt * Second.ms + 1;
}

/** In the last minute, the countdown moves in steps of this length. */
const STEP_SECONDS = 10;

function secondsLeft(expiresAt: Date, now: Date): number {
  return Math.round((expiresAt.getTime() - now.getTime()) / Second.ms);
}
