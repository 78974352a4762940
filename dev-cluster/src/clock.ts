/** The time in milliseconds since the epoch: the only place that asks the machine for it. */
export interface Clock {
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** RFC 3339 with whole seconds, as the Kubernetes API writes its `Time`. */
export function timestamp(millis: number): string {
  return `${new Date(millis).toISOString().slice(0, 19)}Z`;
}

/** RFC 3339 with microseconds, as the Kubernetes API writes its `MicroTime`. */
export function microTimestamp(millis: number): string {
  return `${new Date(millis).toISOString().slice(0, -1)}000Z`;
}
