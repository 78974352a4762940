import { rows, type Queryable } from "./database.ts";

/** Says that these workers are alive. Times are the database's own. */
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

/** Takes the locks from workers of which it is known that they are no more. */
export async function unlockWorkers(db: Queryable, workerIds: readonly string[]): Promise<void> {
  await rows(
    db,
    `select graphile_worker.force_unlock_workers(array(select jsonb_array_elements_text(?::jsonb)))`,
    [JSON.stringify(workerIds)],
  );
}

/**
 * Takes the locks from workers that have not beaten for `silenceSeconds`. A lock younger than that is left
 * alone: its worker may not have beaten yet. @returns the workers that lost theirs
 */
export async function unlockSilentWorkers(
  db: Queryable,
  silenceSeconds: number,
): Promise<string[]> {
  const unlocked = await rows<{ workers: string[] | null }>(
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
