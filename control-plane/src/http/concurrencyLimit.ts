import { Refusal } from "../domain/refusal.ts";

export interface ConcurrencyLimit {
  /**
   * Runs `work` when fewer than the limit of the caller's requests run, in the order of arrival.
   * @throws Refusal rate_limited if too many of the caller's requests wait already
   */
  run<Result>(caller: string, work: () => Promise<Result>): Promise<Result>;
}

interface Lane {
  running: number;
  readonly waiting: (() => void)[];
}

/**
 * Bounds how many requests of one caller run at once, so that one caller cannot take all database
 * connections: its further requests wait for its own, not for those of others.
 */
export function createConcurrencyLimit(options: {
  readonly maxRunning: number;
  readonly maxWaiting: number;
}): ConcurrencyLimit {
  const lanes = new Map<string, Lane>();
  return {
    async run(caller, work) {
      const lane = lanes.get(caller) ?? { running: 0, waiting: [] };
      lanes.set(caller, lane);
      if (lane.running < options.maxRunning) lane.running += 1;
      else await waitInLane(lane, options.maxWaiting);
      try {
        return await work();
      } finally {
        const next = lane.waiting.shift();
        // The next one takes over the place.
        if (next) next();
        else lane.running -= 1;
        if (lane.running === 0) lanes.delete(caller);
      }
    },
  };
}

async function waitInLane({ waiting }: Lane, maxWaiting: number): Promise<void> {
  if (waiting.length >= maxWaiting) {
    throw new Refusal(
      "rate_limited",
      `More than ${String(maxWaiting)} of your requests are waiting. Send fewer at once; try again in 1 s.`,
      { headers: { "retry-after": "1" } },
    );
  }
  await new Promise<void>((resolve) => {
    waiting.push(resolve);
  });
}
