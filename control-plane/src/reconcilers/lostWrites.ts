import { isDatabaseAway } from "../store/database.ts";
import type { Log } from "../platform/logger.ts";

/**
 * The job queue's library (graphile-worker 0.18) lets nobody wait for the write of a job's end, so that the loss of the
 * database in that moment would end the process. It does not; what else nobody waited for ends it, as without this. Such
 * a job stays locked as long as its pool lives, and harms nothing: whatever queues its key again makes a new job, and
 * the resync does so within half a minute.
 *
 * Not by way of its batches, whose failures are waited for: after one its pool never ends, and takes no job any more.
 * @returns what takes this away
 */
export function surviveLostWrites(log: Log): () => void {
  const onRejection = (reason: unknown) => {
    if (!isDatabaseAway(reason)) throw reason;
    log.warn({ err: reason }, "the database is away; how a job ended was not written");
  };
  process.on("unhandledRejection", onRejection);
  return () => process.off("unhandledRejection", onRejection);
}
