import type { Reservation } from "../domain/reservation.ts";
import type { PlanLease, PlanNode, PlanRequest, Waiting } from "../domain/plan/types.ts";
import { CHANGES_CHANNEL, WAITING_PREFIX } from "./eventStream.ts";
import {
  firstRow,
  inTransaction,
  rows,
  type Database,
  type Queryable,
  type Transaction,
} from "./database.ts";

/**
 * One pass at a time for each pool, in all processes, and one that waits for its turn. Whoever comes while one waits
 * has nothing to do, as that one has not begun to read: it will see all that the comer saw.
 * @returns null where another pass does it
 */
export async function passInTurn<Result>(
  db: Database,
  pool: string,
  pass: (trx: Transaction) => Promise<Result>,
): Promise<Result | null> {
  const atOnce = await inTransaction(db, async (trx) =>
    (await tryLock(trx, `plan/${pool}`)) ? { result: await pass(trx) } : null,
  );
  if (atOnce) return atOnce.result;
  const waiting = await db.transaction();
  try {
    if (!(await tryLock(waiting, `plan-next/${pool}`))) return null;
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

export interface PoolRows {
  /** When the cluster last answered; null when it never did. */
  readonly seenAt: Date | null;
  readonly nodes: readonly PlanNode[];
  /** Units are held until the pod object is gone, whatever state the reservation is in. */
  readonly leases: readonly PlanLease[];
}

/** All that a pass needs beside the queue, in one round trip: a pass is on the way of every start. */
export async function readPool(db: Queryable, pool: string): Promise<PoolRows> {
  const row = await firstRow<{
    seenAt: Date | null;
    nodes: PlanNode[];
    leases: (Omit<PlanLease, "until"> & { until: string | null })[];
  }>(
    db,
    `select (select seen_at from cluster_contact where cluster = 'default') as "seenAt",
       (select coalesce(json_agg(json_build_object('name', name, 'zone', zone, 'units', units,
          'foreignUnits', foreign_units, 'unhealthyUnits', unhealthy_units, 'outOfUse', case when not ready then 'not ready' when cordoned then 'cordoned' end) order by name), '[]')
        from capacity_nodes where cluster = 'default' and gpu_type = :pool) as nodes,
       (select coalesce(json_agg(json_build_object('reservationId', a.reservation_id, 'node', a.node,
          'units', a.units, 'until', r.capacity_until) order by a.created_at, a.reservation_id), '[]')
        from attempts a join reservations r on r.id = a.reservation_id
        where a.gone_at is null and r.cluster = 'default' and r.gpu_type = :pool) as leases`,
    { pool },
  );
  return {
    seenAt: row?.seenAt ?? null,
    nodes: row?.nodes ?? [],
    leases: (row?.leases ?? []).map((lease) => ({
      ...lease,
      until: lease.until === null ? null : new Date(lease.until),
    })),
  };
}

export type QueuedRow = Pick<
  Reservation,
  "id" | "state" | "generation" | "attempt" | "gpus" | "nodeCount" | "durationSeconds" | "queuedAt"
> & { readonly extendedSeconds: number } & Pick<PlanRequest, "zone" | "turnedAwayBy">;

/** Oldest first. Not those that are to be cancelled, nor those whose earlier pod is not gone yet. */
export async function listQueue(db: Queryable, pool: string): Promise<QueuedRow[]> {
  return rows<QueuedRow>(
    db,
    `select r.id, r.state, r.generation, r.attempt, r.gpus, r.node_count as "nodeCount",
       r.duration_seconds as "durationSeconds", r.extended_seconds as "extendedSeconds",
       r.queued_at as "queuedAt", d.zone,
       case when r.attempt = 0 then '[]' else
         (select json_agg(distinct o.node) from attempts o where o.reservation_id = r.id) end as "turnedAwayBy"
     from reservations r
     left join attachments a on a.reservation_id = r.id and a.released_at is null
     left join disks d on d.id = a.disk_id
     where r.cluster = 'default' and r.state = 'queued' and r.gpu_type = ? and r.cancel_requested_at is null
       and not exists (select 1 from attempts o where o.reservation_id = r.id and o.gone_at is null)
     order by r.queued_at, r.id`,
    [pool],
  );
}

/**
 * Says to those who wait why they do. Only what changed is written, and its owners' streams are told; a row that
 * moved on is left alone.
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
