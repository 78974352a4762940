import { Second } from "@gpu-dev/shared/durations.ts";

export interface Backoff {
  readonly firstMs: number;
  readonly capMs: number;
}

export const READ_BACKOFF: Backoff = { firstMs: 200, capMs: 5 * Second.ms };
export const STREAM_BACKOFF: Backoff = { firstMs: 250, capMs: 30 * Second.ms };

/**
 * Doubles per attempt (0 is the first). Half of it is random, so that clients do not return
 * together.
 */
export function backoffMs(backoff: Backoff, attempt: number, random: () => number): number {
  const full = Math.min(backoff.capMs, backoff.firstMs * 2 ** Math.min(attempt, 30));
  return full / 2 + (full / 2) * random();
}

/**
 * Parses a Retry-After header given in seconds; undefined if it is missing, a date or not valid.
 */
export function retryAfterSeconds(header: string | undefined): number | undefined {
  if (header === undefined || !/^\d{1,6}$/.test(header.trim())) return undefined;
  return Number(header.trim());
}
