import { setTimeout as delay } from "node:timers/promises";

/** Waits, or less where the signal comes first. */
export async function pause(millis: number, signal: AbortSignal): Promise<void> {
  if (millis > 0) await delay(millis, undefined, { signal }).catch(() => undefined);
}

/** As a call: the compiler takes the property itself for unchanged between two looks. */
export function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** Settles when the signal comes. */
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
