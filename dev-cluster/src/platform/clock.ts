/** Named units. Every number of milliseconds in dev-cluster is written with one of these. */
export const Second = { ms: 1_000 } as const;
export const Minute = { ms: 60_000 } as const;
export const Hour = { ms: 3_600_000 } as const;
export const Day = { ms: 86_400_000 } as const;

/** The time in milliseconds since the epoch; only this file reads the machine's clock. */
export interface Clock {
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** RFC 3339 with whole seconds, as the Kubernetes API writes its `Time`. */
export function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** RFC 3339 with microseconds, as the Kubernetes API writes its `MicroTime`. */
export function microTimestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000Z`;
}
