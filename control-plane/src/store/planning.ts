import type { PoolState, QueuedReservation } from "../domain/plan/pool.ts";
import type { PlanLease, PlanNode, Waiting } from "../domain/plan/types.ts";
import { CHANGES_CHANNEL, WAITING_PREFIX } from "./eventStream.ts";
import {
  CLUSTER,
  firstRow,
  fromSql,
  inTransaction,
  rows,
  type Database,
  type Queryable,
  type SqlObject,
  type Transaction,
} from "./database.ts";

/**
 * Runs a pass over a pool under the pool's lock: one at a time in all processes, and one that waits
 * for the lock. A caller that finds one waiting has nothing to do, because that one has not begun
 * to read: it will see everything that the caller saw.
 * @returns undefined when a waiting pass covers this one
 */
export async function withPoolLock<Result>(
  db: Database,
  pool: string,
  pass: (trx: Transaction) => Promise<Result>,
): Promise<Result | undefined> {
  const atOnce = await inTransaction(db, async (trx) =>
    (await tryLock(trx, `plan/${pool}`)) ? { result: await pass(trx) } : undefined,
  );
  if (atOnce) return atOnce.result;
  const waiting = await db.transaction();
  try {
    if (!(await tryLock(waiting, `plan-next/${pool}`))) return undefined;
    return await inTransaction(db, async (trx) => {
      await rows(trx, `select 1 from (select pg_advisory_xact_lock(${LOCK_ID})) as held`, [
        `plan/${pool}`,
      ]);
      if (!waiting.isCompleted()) await waiting.rollback();
      return pass(trx);
    });
  } finally {
    if (!waiting.isCompleted()) await waiting.rollback();
  }
}

const LOCK_ID = "hashtextextended(?, 2)";

/** The lock ends with the transaction. */
async function tryLock(trx: Transaction, name: string): Promise<boolean> {
  const row = await firstRow<{ held: boolean }>(
    trx,
    `select pg_try_advisory_xact_lock(${LOCK_ID}) as held`,
    [name],
  );
  return row?.held === true;
}

/**
 * Nodes and leases of the pools and the cluster's last contact, in one statement: a pass is part
 * of every start. `offset 0` makes PostgreSQL look up the reservation of each holding attempt; as a
 * plain join it would read all reservations that ever were.
 */
export async function readPools(
  db: Queryable,
  pools: readonly string[],
): Promise<{ readonly clusterSeenAt: Date | undefined; readonly pools: Map<string, PoolState> }> {
  type Stored<Item> = Item & { readonly pool: string };
  const row = await firstRow<{
    clusterSeenAt: Date | undefined;
    nodes: SqlObject<Stored<PlanNode>>[];
    leases: Stored<Omit<PlanLease, "until"> & { until: string | null }>[];
  }>(
    db,
    `select (select seen_at from cluster_contact where cluster = :cluster) as "clusterSeenAt",
       (select coalesce(json_agg(json_build_object('pool', gpu_type, 'name', name, 'zone', zone, 'units', units,
          'unitsUsedByOthers', foreign_units, 'unhealthyUnits', unhealthy_units,
          'unavailableBecause', case when not ready then 'not ready' when cordoned then 'cordoned' end)
          order by name), '[]')
        from capacity_nodes where cluster = :cluster and gpu_type = any(:pools)) as nodes,
       (select coalesce(json_agg(json_build_object('pool', r.gpu_type, 'reservationId', a.reservation_id,
          'node', a.node, 'units', a.units, 'until', r.capacity_until)
          order by a.created_at, a.reservation_id), '[]')
        from attempts a
        cross join lateral (
          select gpu_type, capacity_until from reservations where id = a.reservation_id offset 0) r
        where a.gone_at is null and a.cluster = :cluster and r.gpu_type = any(:pools)) as leases`,
    { cluster: CLUSTER, pools: [...pools] },
  );
  const nodes = Map.groupBy(
    (row?.nodes ?? []).map((node) => fromSql<Stored<PlanNode>>(node)),
    ({ pool }) => pool,
  );
  const leases = Map.groupBy(
    (row?.leases ?? []).map((lease) => ({
      ...lease,
      until: lease.until === null ? undefined : new Date(lease.until),
    })),
    ({ pool }) => pool,
  );
  return {
    clusterSeenAt: row?.clusterSeenAt,
    pools: new Map(
      pools.map((pool) => [pool, { nodes: nodes.get(pool) ?? [], leases: leases.get(pool) ?? [] }]),
    ),
  };
}

/** The queues of the pools together, oldest first. */
export async function listQueues(
  db: Queryable,
  pools: readonly string[],
): Promise<QueuedReservation[]> {
  return rows<QueuedReservation>(
    db,
    `select r.id, r.state, r.generation, r.attempt, r.gpu_type as "gpuType", r.gpus,
       r.node_count as "nodeCount", r.duration_seconds as "durationSeconds",
       r.extended_seconds as "extendedSeconds", r.queued_at as "queuedAt", d.zone,
       case when r.attempt = 0 then '[]' else
         (select json_agg(distinct o.node) from attempts o where o.reservation_id = r.id) end as "previousNodes",
       r.cancel_requested_at is null and not exists (
         select 1 from attempts o where o.reservation_id = r.id and o.gone_at is null) as "isPlaceable"
     from reservations r
     left join attachments a on a.reservation_id = r.id and a.released_at is null
     left join disks d on d.id = a.disk_id
     where r.cluster = :cluster and r.state = 'queued' and r.gpu_type = any(:pools)
     order by r.queued_at, r.id`,
    { cluster: CLUSTER, pools: [...pools] },
  );
}

/**
 * Records why queued reservations wait. Only changes are written, and their owners' event streams
 * are notified; a row that is no longer queued is left alone.
 */
export async function writeWaiting(db: Queryable, waiting: readonly Waiting[]): Promise<void> {
  if (waiting.length === 0) return;
  await rows(
    db,
    `with written as (
       update reservations r set waiting_reason = w.reason, waiting_position = w.position
       from jsonb_to_recordset(cast(:waiting as jsonb)) as w("reservationId" text, position integer, reason text)
       where r.id = w."reservationId" and r.state = 'queued'
         and (r.waiting_reason, r.waiting_position) is distinct from (w.reason, w.position)
       returning r.owner_id)
     select pg_notify(:channel, :prefix || owner_id) from (select distinct owner_id from written) as owners`,
    {
      waiting: JSON.stringify(waiting),
      channel: CHANGES_CHANNEL,
      prefix: WAITING_PREFIX,
    },
  );
}
