import type { ReconcilersOptions } from "../../../control-plane/src/reconcilers/startReconcilers.ts";
import { startReconcilers } from "../../../control-plane/src/reconcilers/startReconcilers.ts";
import { readDatabaseTime } from "../../../control-plane/src/store/database.ts";
import { DatabaseClock } from "../../../control-plane/src/platform/clock.ts";
import type { World } from "./world.ts";

/** The worker pool, watches and timers of a whole process over a world, on the database's own time. */
export async function runReconcilers(
  { context, database, databaseUrl }: World,
  options: Partial<ReconcilersOptions> = {},
): Promise<{ stop(): Promise<void> }> {
  const clock = new DatabaseClock(() => readDatabaseTime(database));
  await clock.measure();
  return startReconcilers({ ...context, clock, databaseUrl, concurrency: 4, ...options });
}
