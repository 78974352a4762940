import { performance } from "node:perf_hooks";

/** The one source of time: the database's clock. Injected everywhere, so that a test can set it. */
export interface Clock {
  /** Database time now. */
  now(): Date;
}

/**
 * Database time by a measured offset. It advances by the monotonic clock, so a jump of this machine's wall
 * clock changes nothing; `measure` corrects drift.
 */
export class DatabaseClock implements Clock {
  #databaseMs: number | undefined;
  #monotonicMs = 0;
  readonly #readDatabaseTime: () => Promise<Date>;

  /** @param readDatabaseTime one round trip to the database that answers its clock_timestamp() */
  constructor(readDatabaseTime: () => Promise<Date>) {
    this.#readDatabaseTime = readDatabaseTime;
  }

  now(): Date {
    if (this.#databaseMs === undefined)
      throw new Error("the clock was read before it was measured");
    return new Date(this.#databaseMs + (performance.now() - this.#monotonicMs));
  }

  /**
   * Reads the database's time once and takes the middle of the round trip as its moment.
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
