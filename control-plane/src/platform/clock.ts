import { performance } from "node:perf_hooks";

/**
 * The source of time: the database's clock. It is injected everywhere, so that tests can set it.
 */
export interface Clock {
  /** Database time now. */
  now(): Date;
}

/**
 * Database time, derived from a measurement and this machine's monotonic clock. Jumps of the wall
 * clock have no effect; `measure` corrects drift.
 */
export class DatabaseClock implements Clock {
  #databaseMs: number | undefined;
  #monotonicMs = 0;
  readonly #readDatabaseTime: () => Promise<Date>;

  /** @param readDatabaseTime reads clock_timestamp() in one round trip to the database */
  constructor(readDatabaseTime: () => Promise<Date>) {
    this.#readDatabaseTime = readDatabaseTime;
  }

  now(): Date {
    if (this.#databaseMs === undefined) {
      throw new Error("the clock was read before it was measured");
    }
    return new Date(this.#databaseMs + (performance.now() - this.#monotonicMs));
  }

  /**
   * Reads the database's time once and assigns it to the middle of the round trip.
   * @returns how far this machine's wall clock is ahead of the database, in milliseconds
   */
  async measure(): Promise<number> {
    const before = performance.now();
    const databaseNow = await this.#readDatabaseTime();
    const after = performance.now();
    this.#databaseMs = databaseNow.getTime();
    this.#monotonicMs = (before + after) / 2;
    return Date.now() - this.now().getTime();
  }
}
