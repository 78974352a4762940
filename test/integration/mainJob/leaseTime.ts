import assert from "node:assert/strict";
import type pg from "pg";

/**
 * Makes the database look as if 4 min 50 s of a five-minute lease had passed: moves the times of
 * the reservation and the run_at of its durable timer back, in one transaction. Queues and notifies
 * nothing. Returns the new end of the lease.
 */
export async function advanceLease(database: pg.Client, id: string): Promise<Date> {
  const by = "interval '4 minutes 50 seconds'";
  await database.query("begin");
  const moved = await database.query<{ due: Date }>(
    `update reservations set placed_at = placed_at - ${by}, ready_at = ready_at - ${by},
       expires_at = expires_at - ${by}, capacity_until = capacity_until - ${by}
     where id = $1 and state = 'ready' returning expires_at as due`,
    [id],
  );
  const timer = await database.query(
    `update graphile_worker._private_jobs set run_at = run_at - ${by} where key = $1 and locked_at is null`,
    [`reservation/${id}/timer`],
  );
  assert.equal(timer.rowCount, 1);
  await database.query("commit");
  const due = moved.rows[0]?.due;
  assert.ok(due);
  return due;
}
