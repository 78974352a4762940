import { Second } from "@gpu-dev/shared/durations.ts";
import { Refusal } from "../domain/refusal.ts";
import type { Clock } from "../platform/clock.ts";

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/**
 * When more callers are known, the least recently seen one is dropped; it returns with a full
 * bucket.
 */
const MAX_BUCKETS = 10_000;

/**
 * Token buckets by caller. @returns a function that throws `rate_limited` if the caller's bucket is
 * empty
 */
export function createRateLimit(rate: Rate, clock: Clock): (caller: string) => void {
  const buckets = new Map<string, Bucket>();
  return (caller) => {
    const nowMs = clock.now().getTime();
    const bucket = buckets.get(caller) ?? { tokens: rate.burst, atMs: nowMs };
    const refill = (Math.max(0, nowMs - bucket.atMs) / Second.ms) * rate.perSecond;
    bucket.tokens = Math.min(rate.burst, bucket.tokens + refill);
    bucket.atMs = nowMs;
    // Deleted and set again, so that the map's order is the order of use.
    buckets.delete(caller);
    buckets.set(caller, bucket);
    if (buckets.size > MAX_BUCKETS) dropLeastRecent(buckets);
    if (bucket.tokens < 1) {
      const seconds = Math.max(1, Math.ceil((1 - bucket.tokens) / rate.perSecond));
      throw new Refusal(
        "rate_limited",
        `You sent more than ${String(rate.perSecond)} requests of this kind per second. Wait ${String(seconds)} s and try again.`,
        { headers: { "retry-after": String(seconds) } },
      );
    }
    bucket.tokens -= 1;
  };
}

function dropLeastRecent(buckets: Map<string, Bucket>): void {
  const [caller] = buckets.keys();
  if (caller !== undefined) buckets.delete(caller);
}
