import { ClusterUnavailable } from "../cluster/port.ts";
import { isDatabaseAway } from "../store/database.ts";
import { queueAt, type ReconcilerName } from "../store/jobs.ts";
import type { Reconciler, ReconcilerContext } from "./context.ts";

/**
 * One run of a reconciler. What it throws goes on to the queue, which tries that key again, later each time; the
 * resync calls at least every half minute whatever the queue's patience is.
 */
export async function runJob(
  context: ReconcilerContext,
  name: ReconcilerName,
  reconcile: Reconciler,
  key: string,
): Promise<void> {
  const log = context.log.child({ reconciler: name, key });
  try {
    const { requeueAt } = await reconcile({ ...context, log }, key);
    if (requeueAt) await queueAt(context.database, name, key, requeueAt);
  } catch (error) {
    if (error instanceof ClusterUnavailable) {
      context.steadiness.failed();
      log.warn({ err: error }, "the cluster is away; tried again");
    } else if (isDatabaseAway(error)) {
      log.warn({ err: error }, "the database is away; tried again");
    } else {
      log.error({ err: error }, "reconciler failed; tried again");
    }
    throw error;
  }
}
