import assert from "node:assert/strict";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { TERMINAL } from "@gpu-dev/shared/states.ts";
import type { Reservation } from "../../../control-plane/src/domain/reservation.ts";
import { waitFor } from "../../support/waitFor.ts";
import { scalar, type Asked, type World } from "./world.ts";

export const firstPod = (id: ReservationId): string => `gd-${id}-0-1`;

/** A reservation whose pod runs. */
export async function makeReady(world: World, asked: Asked = {}): Promise<ReservationId> {
  const id = await world.reserve(asked);
  await world.advance(id);
  if (asked.disk !== undefined)
    await world.kubelet.bindClaim(await claimOf(world, id), "us-east-2a");
  await bound(world, firstPod(id));
  await world.kubelet.run(firstPod(id));
  await world.reconcile("reservation", id);
  assert.equal((await world.read(id)).state, "ready");
  return id;
}

export async function bound(world: World, pod: string): Promise<void> {
  await waitFor(async () => (await world.kubelet.pod(pod))?.spec?.nodeName, {
    describe: `the scheduler to bind ${pod}`,
  });
}

export async function claimOf(world: World, id: ReservationId): Promise<string> {
  const sql = `select d.claim_name as value from attachments a join disks d on d.id = a.disk_id where a.reservation_id = ?`;
  return scalar<string>(world.database, sql, [id]);
}

/** Reconciles while the kubelet lets go of what is deleted, until it is over. */
export async function settle(world: World, id: ReservationId): Promise<Reservation> {
  for (let round = 0; round < 10; round += 1) {
    await world.reconcile("reservation", id);
    for (const attempt of await world.attempts(id)) {
      const pod = await world.kubelet.pod(attempt.podName);
      if (pod?.metadata?.deletionTimestamp) await world.kubelet.finish(attempt.podName);
    }
    const row = await world.read(id);
    if (TERMINAL.includes(row.state)) return row;
  }
  const row = await world.read(id);
  throw new Error(`${id} did not end; it is ${row.state}/${row.phase ?? ""}`);
}

/** Nothing of it is left in the cluster, nothing is held, and exactly one event says that it ended. */
export async function assertOver(world: World, id: ReservationId, types: string[]): Promise<void> {
  const owned = (await world.cluster.listOwned()).filter((one) => one.reservationId === id);
  assert.deepEqual(owned, []);
  assert.ok((await world.attempts(id)).every((attempt) => attempt.goneAt !== null));
  const told = (await world.events(id)).map((event) => event.type);
  for (const type of types) {
    assert.equal(told.filter((one) => one === type).length, 1, `${type} in ${told.join(", ")}`);
  }
}
