import { Second } from "@gpu-dev/shared/durations.ts";
import { rows, type Queryable } from "./database.ts";

const QUERY_TIMEOUT_MS = 30 * Second.ms;

/** Records that these workers are alive, in database time. */
export async function beat(db: Queryable, workerIds: readonly string[]): Promise<void> {
  await rows(
    db,
    `insert into worker_heartbeats (worker_id, beat_at)
     select jsonb_array_elements_text(?::jsonb), clock_timestamp()
     on conflict (worker_id) do update set beat_at = excluded.beat_at`,
    [JSON.stringify(workerIds)],
  );
}

export async function removeBeats(db: Queryable, workerIds: readonly string[]): Promise<void> {
  await rows(
    db,
    "delete from worker_heartbeats where worker_id in (select jsonb_array_elements_text(?::jsonb))",
    [JSON.stringify(workerIds)],
  );
}

/** Releases the locks of workers that are known to have ended. */
export async function unlockWorkers(db: Queryable, workerIds: readonly string[]): Promise<void> {
  await rows(
    db,
    `select graphile_worker.force_unlock_workers(array(select jsonb_array_elements_text(?::jsonb)))`,
    [JSON.stringify(workerIds)],
  );
}

/**
 * Releases the locks of workers without a heartbeat for `silenceSeconds`. A younger lock is left
 * alone, because its worker may not have had its first heartbeat yet.
 * @returns the workers whose locks were released
 */
export async function unlockSilentWorkers(
  db: Queryable,
  silenceSeconds: number,
): Promise<string[]> {
  const unlocked = await rows<{ workers: string[] }>(
    db,
    `with silent as (
       select distinct j.locked_by as id
       from (select locked_by, locked_at from graphile_worker._private_jobs
             union all select locked_by, locked_at from graphile_worker._private_job_queues) j
       where j.locked_by is not null
         and j.locked_at < clock_timestamp() - make_interval(secs => :silenceSeconds)
         and not exists (select 1 from worker_heartbeats h where h.worker_id = j.locked_by
                         and h.beat_at > clock_timestamp() - make_interval(secs => :silenceSeconds))),
     ids as (select array_agg(id) as workers from silent)
     select workers, graphile_worker.force_unlock_workers(workers) from ids where workers is not null`,
    { silenceSeconds },
  );
  return unlocked[0]?.workers ?? [];
}

/**
 * The database URL for the job queue's own connections. They record only which worker has a job and
 * how it ended. After a crash of the database a taken job is free again and a finished one runs
 * again, which is harmless, so their commits do not wait for the disk. Jobs are added by our own
 * transactions, which do wait.
 */
export function queueUrl(databaseUrl: string): string {
  const url = URL.parse(databaseUrl);
  if (url === null) return databaseUrl;
  const given = url.searchParams.get("options");
  const options = [given, "-c synchronous_commit=off"].filter((part) => part !== null).join(" ");
  url.searchParams.set("options", options);
  // pg reads it: a statement that a hanging server does not complete fails after this time.
  url.searchParams.set("query_timeout", String(QUERY_TIMEOUT_MS));
  // Every client reads %20 as a space, but only some read +.
  url.search = url.searchParams.toString().replaceAll("+", "%20");
  return url.href;
}
