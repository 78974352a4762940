import { setTimeout as delay } from "node:timers/promises";

const INTERVAL_MS = 20;

/** Asks again and again until the answer is true; false when `timeoutMs` passed first. */
export async function poll(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
): Promise<boolean> {
  const started = performance.now();
  for (;;) {
    if (await condition()) return true;
    if (performance.now() - started > timeoutMs) return false;
    await delay(INTERVAL_MS);
  }
}
