import assert from "node:assert/strict";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { TERMINAL } from "@gpu-dev/shared/states.ts";
import type { Reservation } from "../../../control-plane/src/domain/reservation.ts";
import { DatabaseClock } from "../../../control-plane/src/platform/clock.ts";
import { createMetricsRegistry } from "../../../control-plane/src/platform/metrics.ts";
import {
  startReconcilers,
  type ReconcilersOptions,
} from "../../../control-plane/src/reconcilers/startReconcilers.ts";
import { readDatabaseTime } from "../../../control-plane/src/store/database.ts";
import { waitFor } from "../../support/waitFor.ts";
import { scalar, type Fixture, type RequestOptions } from "./fixture.ts";

/**
 * The worker pool, watches and timers of a whole process on a fixture, with the database's own
 * time.
 */
export async function runReconcilers(
  { context, database, databaseUrl }: Fixture,
  options: Partial<ReconcilersOptions> = {},
): Promise<{ stop(): Promise<void> }> {
  const clock = new DatabaseClock(() => readDatabaseTime(database));
  await clock.measure();
  return startReconcilers({
    ...context,
    clock,
    databaseUrl,
    concurrency: 4,
    registry: createMetricsRegistry(),
    ...options,
  });
}

export const podOf = (id: ReservationId, rank = 0, attempt = 1): string =>
  `gd-${id}-${String(rank)}-${String(attempt)}`;

export const firstPod = (id: ReservationId): string => podOf(id);

/** A reservation whose pods run. */
export async function makeReady(
  fixture: Fixture,
  request: RequestOptions = {},
): Promise<ReservationId> {
  const id = await fixture.reserve(request);
  await fixture.advance(id);
  if (request.disk !== undefined)
    await fixture.kubelet.bindClaim(await claimOf(fixture, id), "us-east-2a");
  for (let rank = 0; rank < (request.nodes ?? 1); rank += 1) {
    await bound(fixture, podOf(id, rank));
    await fixture.kubelet.run(podOf(id, rank));
  }
  await fixture.reconcile("reservation", id);
  assert.equal((await fixture.read(id)).state, "ready");
  return id;
}

export async function bound(fixture: Fixture, pod: string): Promise<void> {
  await waitFor(async () => (await fixture.kubelet.pod(pod))?.spec?.nodeName, {
    describe: `the scheduler to bind ${pod}`,
  });
}

export async function claimOf(fixture: Fixture, id: ReservationId): Promise<string> {
  const sql = `select d.claim_name as value from attachments a join disks d on d.id = a.disk_id where a.reservation_id = ?`;
  return scalar<string>(fixture.database, sql, [id]);
}

/**
 * Reconciles, and removes pods that are being deleted as a kubelet does, until the reservation has
 * ended.
 */
export async function settle(fixture: Fixture, id: ReservationId): Promise<Reservation> {
  for (let round = 0; round < 10; round += 1) {
    await fixture.reconcile("reservation", id);
    for (const attempt of await fixture.attempts(id)) {
      const pod = await fixture.kubelet.pod(attempt.podName);
      if (pod?.metadata?.deletionTimestamp) await fixture.kubelet.finish(attempt.podName);
    }
    const row = await fixture.read(id);
    if (TERMINAL.includes(row.state)) return row;
  }
  const row = await fixture.read(id);
  throw new Error(`${id} did not end; it is ${row.state}/${row.phase ?? ""}`);
}

/**
 * No object of it is left in the cluster, it holds nothing, and each of these events occurred
 * exactly once.
 */
export async function assertOver(
  fixture: Fixture,
  id: ReservationId,
  types: string[],
): Promise<void> {
  const owned = await fixture.cluster.listOwned();
  assert.deepEqual(
    owned.filter((object) => object.reservationId === id),
    [],
  );
  assert.ok((await fixture.attempts(id)).every((attempt) => attempt.goneAt !== undefined));
  const events = (await fixture.events(id)).map((event) => event.type);
  for (const type of types) {
    const count = events.filter((event) => event === type).length;
    assert.equal(count, 1, `${type} in ${events.join(", ")}`);
  }
}
