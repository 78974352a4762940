import { Second } from "@gpu-dev/shared/durations.ts";

export interface Backoff {
  readonly firstMs: number;
  readonly capMs: number;
}

export const READ_BACKOFF: Backoff = { firstMs: 200, capMs: 5 * Second.ms };
export const STREAM_BACKOFF: Backoff = { firstMs: 250, capMs: 30 * Second.ms };

/** Doubles per attempt (0 is the first), with half of it random so that clients do not return together. */
export function backoffMs(backoff: Backoff, attempt: number, random: () => number): number {
  const full = Math.min(backoff.capMs, backoff.firstMs * 2 ** Math.min(attempt, 30));
  return full / 2 + (full / 2) * random();
}

/** Reads Retry-After in its form in seconds; null for none, for a date and for nonsense. */
export function retryAfterSeconds(header: string | null): number | null {
  if (header === null || !/^\d{1,6}$/.test(header.trim())) return null;
  return Number(header.trim());
}

/** Resolves after the time, or at once when the signal ends it: callers look at the signal next. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
  });
}
