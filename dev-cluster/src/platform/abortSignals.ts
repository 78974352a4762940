import { setTimeout as delay } from "node:timers/promises";

/** Waits for the given time, or until the signal is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await delay(ms, undefined, { signal }).catch(() => undefined);
}

/**
 * A function, because the compiler assumes that the property itself does not change between two
 * reads.
 */
export function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else {
      signal.addEventListener("abort", () => {
        resolve(undefined);
      });
    }
  });
}
