import { rows, type Queryable } from "./database.ts";

/** The reconcilers that work is queued for. A job carries only its key. */
export const RECONCILERS = [
  "plan",
  "reservation",
  "capacity",
  "garbage",
  "retention",
  "resync",
] as const;
export type ReconcilerName = (typeof RECONCILERS)[number];

/**
 * Queues a run of a reconciler, in the caller's transaction. `now` and `timer` have job keys of their own:
 * with one key, queueing work for now would push back, or swallow, a wake-up that was set for later.
 * A run that is under way is not touched: a new one follows it.
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
