import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";

export interface WaitOptions {
  /** Default 10,000. */
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
  /** Continues "timed out waiting for". */
  readonly describe: string;
}

/**
 * Polls until the condition returns a truthy value, and returns it. After an exception it keeps
 * polling; the last exception is the cause of the timeout error.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 10_000, intervalMs = 20, describe }: WaitOptions,
): Promise<Exclude<Awaited<T>, null | undefined | false | 0 | "">> {
  const started = performance.now();
  let last: unknown;
  let cause: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value as Exclude<Awaited<T>, null | undefined | false | 0 | "">;
      last = value;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() - started > timeoutMs) break;
    await delay(intervalMs);
  }
  const seen =
    cause === undefined
      ? `last value: ${inspect(last, { depth: 4 })}`
      : inspect(cause, { depth: 1 });
  throw new Error(`timed out after ${String(timeoutMs)} ms waiting for ${describe}; ${seen}`, {
    cause,
  });
}
