import { rows, untilNoDeadlock, type Queryable } from "./database.ts";
import type { ReconcilerName } from "./jobs.ts";

/** `queueNow` for many keys in one statement. */
export async function queueAllNow(
  db: Queryable,
  work: readonly { readonly reconciler: ReconcilerName; readonly key: string }[],
): Promise<void> {
  if (work.length === 0) return;
  const queue = () =>
    rows(
      db,
      `select count(*) from jsonb_to_recordset(?::jsonb) as w(reconciler text, key text),
       lateral graphile_worker.add_job(w.reconciler, json_build_object('key', w.key),
         job_key := w.reconciler || '/' || w.key, max_attempts := 100) as job`,
      [JSON.stringify(work)],
    );
  await (db.isTransaction === true ? queue() : untilNoDeadlock(queue));
}

/** Everything that is not over: what a resync looks at again. */
export async function listLiveIds(db: Queryable): Promise<string[]> {
  const live = await rows<{ id: string }>(
    db,
    `select id from reservations where cluster = 'default' and state not in ('ended', 'failed') order by id`,
  );
  return live.map((row) => row.id);
}
