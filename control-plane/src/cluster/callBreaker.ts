/** Calls that ran out of time, one after another, before others are not made at all. */
const MOST_TIMEOUTS = 5;
/** How often one call tries whether the server answers again. */
const PROBE_EVERY_MS = 1_000;

/**
 * While a server takes calls and answers none, each holds whoever makes it for as long as it may last: a few would hold
 * every worker, and what needs no cluster, the end of a lease, would wait behind them. After some of these a call fails at
 * once, but for one a second, until one is answered.
 */
export class CallBreaker {
  #timeouts = 0;
  #probedAt = 0;

  /** Whether a call is to be made now. */
  allows(now = performance.now()): boolean {
    if (this.#timeouts < MOST_TIMEOUTS) return true;
    if (now - this.#probedAt < PROBE_EVERY_MS) return false;
    this.#probedAt = now;
    return true;
  }

  /** Any answer, also a refusal. */
  answered(): void {
    this.#timeouts = 0;
  }

  timedOut(): void {
    this.#timeouts += 1;
  }
}
