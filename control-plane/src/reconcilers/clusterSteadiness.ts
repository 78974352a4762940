import type { Clock } from "../platform/clock.ts";

/** One call that fails beside others that are answered says nothing of the cluster. */
const OUTAGE_MS = 15_000;
/** Longer without an answer than this, and what was seen before says nothing about what was possible meanwhile. */
const LONGEST_GAP_MS = 90_000;

/**
 * How long the cluster has answered without a break, as this process saw it. Deadlines of a start count only
 * against a cluster that could have met them: after an outage nothing fails at the first answer.
 */
export class ClusterSteadiness {
  #since: Date | undefined;
  #last: Date | undefined;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  answered(): void {
    const now = this.#clock.now();
    const gap = this.#last === undefined ? Infinity : now.getTime() - this.#last.getTime();
    if (gap > LONGEST_GAP_MS) this.#since = undefined;
    this.#since ??= now;
    this.#last = now;
  }

  failed(): void {
    const last = this.#last?.getTime();
    if (last !== undefined && this.#clock.now().getTime() - last < OUTAGE_MS) return;
    this.#since = undefined;
    this.#last = undefined;
  }

  /** When it will have answered for `milliseconds` on end. */
  steadyAt(milliseconds: number): Date {
    return new Date((this.#since ?? this.#clock.now()).getTime() + milliseconds);
  }
}
