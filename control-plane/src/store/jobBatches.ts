import { rows, untilNoDeadlock, type Queryable } from "./database.ts";
import type { ReconcilerName } from "./jobs.ts";

export interface Work {
  readonly reconciler: ReconcilerName;
  readonly key: string;
}

/** `queueNow` for many keys in one statement. */
export async function queueAllNow(db: Queryable, work: readonly Work[]): Promise<void> {
  await addJobs(db, work, { suffix: "", priority: 0 });
}

/**
 * For looks without an occasion: what people and the cluster brought about goes first. With keys of their own, since one
 * of these would else take the turn of such a job.
 */
export async function queueLooks(db: Queryable, work: readonly Work[]): Promise<void> {
  await addJobs(db, work, { suffix: "/look", priority: 10 });
}

/** In the order of their keys, so that two that add the same ones do not wait for each other. */
async function addJobs(
  db: Queryable,
  work: readonly Work[],
  { suffix, priority }: { readonly suffix: string; readonly priority: number },
): Promise<void> {
  if (work.length === 0) return;
  const queue = () =>
    rows(
      db,
      `select count(*) from graphile_worker.add_jobs(array(
         select row(w.reconciler, json_build_object('key', w.key), null, null, 100,
           w.reconciler || '/' || w.key || :suffix, :priority::smallint, null)::graphile_worker.job_spec
         from jsonb_to_recordset(cast(:work as jsonb)) as w(reconciler text, key text)
         order by w.reconciler, w.key))`,
      { work: JSON.stringify(work), suffix, priority },
    );
  await (db.isTransaction === true ? queue() : untilNoDeadlock(queue));
}
