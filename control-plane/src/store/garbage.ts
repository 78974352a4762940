import { rows, type Queryable } from "./database.ts";

/** Which of these pods (by name) an unfinished attempt explains, and which reservations are live. */
export async function explain(
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

export interface Sighting {
  readonly uid: string;
  readonly kind: string;
  readonly name: string;
}

/**
 * Remembers what no row explains and forgets what is no longer so.
 * @returns UIDs that were first seen at or before `oldEnough`, oldest first
 */
export async function recordSightings(
  db: Queryable,
  unexplained: readonly Sighting[],
  { now, oldEnough }: { now: Date; oldEnough: Date },
): Promise<string[]> {
  const seen = JSON.stringify(unexplained);
  await rows(
    db,
    `delete from garbage_sightings where cluster = 'default' and uid not in
       (select s.uid from jsonb_to_recordset(?::jsonb) as s(uid text))`,
    [seen],
  );
  await rows(
    db,
    `insert into garbage_sightings (cluster, uid, kind, name, first_seen_at, last_seen_at)
     select 'default', s.uid, s.kind, s.name, :now, :now
     from jsonb_to_recordset(cast(:seen as jsonb)) as s(uid text, kind text, name text)
     on conflict (cluster, uid) do update set last_seen_at = excluded.last_seen_at`,
    { seen, now },
  );
  const old = await rows<{ uid: string }>(
    db,
    `select uid from garbage_sightings
     where cluster = 'default' and first_seen_at <= ? order by first_seen_at, uid`,
    [oldEnough],
  );
  return old.map((row) => row.uid);
}
