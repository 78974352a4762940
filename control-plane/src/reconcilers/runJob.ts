import { ClusterUnavailable } from "../cluster/port.ts";
import { isDatabaseUnavailable } from "../store/database.ts";
import { queueAt, type ReconcilerName } from "../store/jobs.ts";
import type { Reconciler, ReconcilerContext } from "./context.ts";

/**
 * Runs a reconciler once. An error is rethrown to the queue, which retries that key with growing
 * delays; the resync queues it at least every half minute, whatever that delay is.
 */
export async function runJob(
  context: ReconcilerContext,
  name: ReconcilerName,
  reconcile: Reconciler,
  key: string,
): Promise<void> {
  const log = context.log.child({ reconciler: name, key });
  const endRun = context.metrics.startRun(name);
  try {
    const { requeueAt } = await reconcile({ ...context, log }, key);
    if (requeueAt) await queueAt(context.database, name, key, requeueAt);
  } catch (error) {
    if (error instanceof ClusterUnavailable) {
      context.availability.failed();
      context.metrics.failed(name, "cluster");
      log.warn({ err: error }, "cluster unavailable; will retry");
    } else if (isDatabaseUnavailable(error)) {
      context.metrics.failed(name, "database");
      log.warn({ err: error }, "database unavailable; will retry");
    } else {
      context.metrics.failed(name, "other");
      log.error({ err: error }, "reconciler failed; will retry");
    }
    throw error;
  } finally {
    endRun();
  }
}
