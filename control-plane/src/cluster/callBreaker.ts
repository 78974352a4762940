import { Second } from "@gpu-dev/shared/durations.ts";

/** Consecutive timeouts after which calls fail without being made. */
const MAX_TIMEOUTS = 5;
/** How often one call probes whether the server responds again. */
const PROBE_INTERVAL_MS = Second.ms;

/**
 * A server that accepts calls and does not respond blocks each caller until the timeout. A few such
 * calls would block every worker, and work that needs no cluster, such as the end of a lease, would
 * wait behind them. After `MAX_TIMEOUTS` in a row, calls fail immediately, except one per second,
 * until the server responds.
 */
export class CallBreaker {
  #timeouts = 0;
  #probedAt = 0;

  /** Whether a call may be made now. */
  allows(now = performance.now()): boolean {
    if (this.#timeouts < MAX_TIMEOUTS) return true;
    if (now - this.#probedAt < PROBE_INTERVAL_MS) return false;
    this.#probedAt = now;
    return true;
  }

  /** Any response, including a refusal. */
  responded(): void {
    this.#timeouts = 0;
  }

  timedOut(): void {
    this.#timeouts += 1;
  }
}
