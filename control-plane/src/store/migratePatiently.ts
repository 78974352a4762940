import { setTimeout as pause } from "node:timers/promises";
import { Second } from "@gpu-dev/shared/durations.ts";
import type { Log } from "../platform/logger.ts";
import { isDatabaseAway } from "./database.ts";
import { migrate } from "./migrate.ts";

const RETRY_MS = 500;

export interface Patience {
  readonly log: Log;
  /** How long a database may take to answer for the first time. */
  readonly waitMs: number;
  /** Ends the wait, for a process that is asked to stop meanwhile. */
  readonly stopping: AbortSignal | undefined;
}

/**
 * `migrate`, once the database answers: one that is still starting is usual when both are started together. Throws when
 * it doesn't answer in time, or when asked to stop before it did.
 */
export async function migratePatiently(
  url: string,
  { log, waitMs, stopping }: Patience,
): Promise<void> {
  const deadline = performance.now() + waitMs;
  for (let tried = 1; ; tried++) {
    try {
      await migrate(url);
      return;
    } catch (cause) {
      if (!isDatabaseAway(cause)) throw cause;
      if (performance.now() > deadline) {
        throw new Error(
          `PostgreSQL did not answer for ${String(Math.round(waitMs / Second.ms))} s; ` +
            "check that it runs and that DATABASE_URL names it",
          { cause },
        );
      }
      // Once: the same line twice a second would hide what else is said.
      if (tried === 1) log.warn({ err: cause, waitMs }, "PostgreSQL does not answer; trying again");
    }
    await pause(RETRY_MS, undefined, { signal: stopping }).catch(() => {
      throw new Error("asked to stop before PostgreSQL answered; nothing was started");
    });
  }
}
