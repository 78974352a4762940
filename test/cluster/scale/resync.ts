import { waitFor } from "../../support/waitFor.ts";
import type { Rows } from "../support/rowsAndObjects.ts";

const QUEUE = `select graphile_worker.add_job(w.reconciler, json_build_object('key', w.key), job_key := w.reconciler || '/' || w.key)
  from (select 'reservation' as reconciler, id as key from reservations where state not in ('ended', 'failed')
    union all values ('resync', 'default'), ('garbage', 'default'), ('capacity', 'default')) as w`;

/**
 * One full resync: reconciles every live reservation once and compares rows with objects. Resolves
 * when no job is due.
 */
export async function runFullResync(rows: Rows, timeoutMs: number): Promise<void> {
  await rows.query(QUEUE);
  await waitFor(
    async () => {
      const { rows: due } = await rows.query(
        "select key from graphile_worker.jobs where run_at <= now() or locked_at is not null limit 1",
      );
      return due.length === 0;
    },
    { timeoutMs, intervalMs: 100, describe: "every due job to be done" },
  );
}
