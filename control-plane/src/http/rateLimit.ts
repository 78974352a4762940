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

/** Who came last stays known; beyond this many, those longest away are forgotten, with a full bucket. */
const MAXIMUM_BUCKETS = 10_000;

/** Token buckets by caller. @returns a function that throws `rate_limited` when the caller's bucket is empty */
export function createRateLimit(rate: Rate, clock: Clock): (caller: string) => void {
  const buckets = new Map<string, Bucket>();
  return (caller) => {
    const nowMs = clock.now().getTime();
    const bucket = buckets.get(caller) ?? { tokens: rate.burst, atMs: nowMs };
    const refilled = (Math.max(0, nowMs - bucket.atMs) / 1_000) * rate.perSecond;
    bucket.tokens = Math.min(rate.burst, bucket.tokens + refilled);
    bucket.atMs = nowMs;
    // Set anew, so that the map's order is the order of use.
    buckets.delete(caller);
    buckets.set(caller, bucket);
    if (buckets.size > MAXIMUM_BUCKETS) forgetOldest(buckets);
    if (bucket.tokens < 1) {
      const seconds = Math.max(1, Math.ceil((1 - bucket.tokens) / rate.perSecond));
      throw new Refusal(
        "rate_limited",
        `More than ${String(rate.perSecond)} such requests a second came from you. Wait ${String(seconds)} s and send it again.`,
        { headers: { "retry-after": String(seconds) } },
      );
    }
    bucket.tokens -= 1;
  };
}

function forgetOldest(buckets: Map<string, Bucket>): void {
  const [oldest] = buckets.keys();
  if (oldest !== undefined) buckets.delete(oldest);
}
