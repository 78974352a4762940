import { retryOnDeadlock, rows, type Queryable } from "./database.ts";

/** The reconcilers that jobs run. A job carries only its key. */
export const RECONCILERS = [
  "plan",
  "reservation",
  "capacity",
  "garbage",
  "retention",
  "resync",
] as const;
export type ReconcilerName = (typeof RECONCILERS)[number];

export interface Work {
  readonly reconciler: ReconcilerName;
  readonly key: string;
}

/**
 * Queues a run of a reconciler, in the caller's transaction. Immediate runs and timers have
 * different job keys: with one key, an immediate run would replace a timer that is set for later. A
 * run in progress is not affected: the new one follows it.
 */
export async function queueNow(
  db: Queryable,
  reconciler: ReconcilerName,
  key: string,
): Promise<void> {
  await rows(
    db,
    `select 1 from graphile_worker.add_job(?, json_build_object('key', ?::text), job_key := ?, max_attempts := 100)`,
    [reconciler, key, `${reconciler}/${key}`],
  );
}

/** Sets the one durable timer of this key; a later call replaces it. */
export async function queueAt(
  db: Queryable,
  reconciler: ReconcilerName,
  key: string,
  runAt: Date,
): Promise<void> {
  await rows(
    db,
    `select 1 from graphile_worker.add_job(?, json_build_object('key', ?::text), run_at := ?, job_key := ?, max_attempts := 100)`,
    [reconciler, key, runAt, `${reconciler}/${key}/timer`],
  );
}

/** `queueNow` for many keys in one statement. */
export async function queueAllNow(db: Queryable, work: readonly Work[]): Promise<void> {
  await addJobs(db, work, { suffix: "", priority: 0 });
}

/**
 * Queues the runs of a resync with a lower priority than triggered ones. They have their own job
 * keys, because with a shared key a resync would lower the priority of a triggered run.
 */
export async function enqueueResync(db: Queryable, work: readonly Work[]): Promise<void> {
  await addJobs(db, work, { suffix: "/resync", priority: 10 });
}

/** Ordered by key, so that two transactions that add the same jobs do not deadlock. */
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
  await (db.isTransaction === true ? queue() : retryOnDeadlock(queue));
}

/** A scrape reads no more than this many jobs, whatever the queue holds. */
const MAX_DUE_JOBS = 10_000;

/** The jobs that are due and that no worker runs yet, per reconciler. */
export async function countDueJobs(
  db: Queryable,
): Promise<
  { readonly reconciler: string; readonly depth: number; readonly oldestSeconds: number }[]
> {
  return rows(
    db,
    `select t.identifier as reconciler, count(*)::integer as depth,
       greatest(0, max(extract(epoch from clock_timestamp() - due.run_at)))::double precision as "oldestSeconds"
     from (select task_id, run_at from graphile_worker._private_jobs
           where is_available and run_at <= clock_timestamp()
           order by priority, run_at limit ${String(MAX_DUE_JOBS)}) due
     join graphile_worker._private_tasks t on t.id = due.task_id
     group by t.identifier`,
  );
}
