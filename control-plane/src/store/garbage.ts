import { CLUSTER, rows, type Queryable } from "./database.ts";

/**
 * Which of these pods (by name) belong to an unfinished attempt, and which reservations are live.
 */
export async function findKnownOwners(
  db: Queryable,
  podNames: readonly string[],
  reservationIds: readonly string[],
): Promise<{ pods: Set<string>; reservations: Set<string> }> {
  const pods = await rows<{ name: string }>(
    db,
    `select pod_name as name from attempts
     where gone_at is null and pod_name in (select jsonb_array_elements_text(?::jsonb))`,
    [JSON.stringify(podNames)],
  );
  const live = await rows<{ id: string }>(
    db,
    `select id from reservations
     where state not in ('ended', 'failed') and id in (select jsonb_array_elements_text(?::jsonb))`,
    [JSON.stringify(reservationIds)],
  );
  return {
    pods: new Set(pods.map((row) => row.name)),
    reservations: new Set(live.map((row) => row.id)),
  };
}

/** An object in the cluster that belongs to no row. */
export interface Orphan {
  readonly uid: string;
  readonly kind: string;
  readonly name: string;
}

/**
 * Replaces the stored orphans with these, and keeps when each of them was first recorded.
 * @returns UIDs that were first recorded at or before `oldEnough`, oldest first
 */
export async function recordOrphans(
  db: Queryable,
  orphans: readonly Orphan[],
  { now, oldEnough }: { readonly now: Date; readonly oldEnough: Date },
): Promise<string[]> {
  const objects = JSON.stringify(orphans);
  await rows(
    db,
    `delete from garbage_sightings where cluster = :cluster and uid not in
       (select s.uid from jsonb_to_recordset(cast(:objects as jsonb)) as s(uid text))`,
    { objects, cluster: CLUSTER },
  );
  await rows(
    db,
    `insert into garbage_sightings (cluster, uid, kind, name, first_seen_at, last_seen_at)
     select :cluster, s.uid, s.kind, s.name, :now, :now
     from jsonb_to_recordset(cast(:objects as jsonb)) as s(uid text, kind text, name text)
     on conflict (cluster, uid) do update set last_seen_at = excluded.last_seen_at`,
    { objects, now, cluster: CLUSTER },
  );
  const old = await rows<{ uid: string }>(
    db,
    `select uid from garbage_sightings
     where cluster = :cluster and first_seen_at <= :oldEnough order by first_seen_at, uid`,
    { oldEnough, cluster: CLUSTER },
  );
  return old.map((row) => row.uid);
}
