import assert from "node:assert/strict";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { waitFor } from "../../support/waitFor.ts";
import { rows } from "../../../control-plane/src/store/database.ts";
import { container } from "./handKubelet.ts";
import { assertOver, bound, claimOf, firstPod, makeReady, settle } from "./lives.ts";
import { startWorld, type World } from "./world.ts";

const DISK = "work";

describe("who is put out, and the disk", () => {
  let world: World;
  beforeEach(async () => {
    world = await startWorld();
    for (const name of ["h100-1", "h100-2"]) await world.kubelet.addNode(name, "h100", 8);
    await world.reconcile("capacity");
  });
  afterEach(() => world.stop());

  const disk = async () => {
    const [found] = await rows<{ claim: string; uid: string; held: boolean }>(
      world.database,
      `select d.claim_name as claim, d.claim_uid as uid,
         exists (select 1 from attachments a where a.disk_id = d.id and a.released_at is null) as held
       from disks d where d.name = ?`,
      [DISK],
    );
    assert.ok(found);
    return found;
  };
  /** What ended it is its own reason; its disk is free, and the next one has the very same volume. */
  const endsAs = async (id: ReservationId, reason: string, detail: RegExp) => {
    const { claim, uid } = await disk();
    const row = await settle(world, id);
    assert.deepEqual([row.state, row.endReason], ["failed", reason]);
    assert.match(row.endDetail ?? "", detail);
    await assertOver(world, id, ["reservation.stopping", "disk.released", "reservation.failed"]);
    assert.deepEqual(await disk(), { claim, uid, held: false });
    assert.equal((await world.cluster.getClaim(claim))?.uid, uid);
    const next = await makeReady(world, { disk: DISK, gpus: 8 });
    assert.equal(await claimOf(world, next), claim);
    assert.deepEqual(await disk(), { claim, uid, held: true });
  };

  it("R8: evicted by the eviction API, as a drain does it", async () => {
    const id = await makeReady(world, { disk: DISK, gpus: 8 });
    const name = firstPod(id);
    await world.kubelet.api.createNamespacedPodEviction({
      ...{ name, namespace: "gpu-dev", body: { metadata: { name } } },
    });
    await waitFor(async () => (await world.kubelet.pod(name))?.metadata?.deletionTimestamp, {
      describe: "the pod to be on its way out",
    });
    await endsAs(id, "evicted", /Its pod on h100-1 was removed by the cluster or an operator\./);
  });

  it("R8: evicted by its node, which says why", async () => {
    const id = await makeReady(world, { disk: DISK, gpus: 8 });
    const message = "The node was low on resource: ephemeral-storage.";
    await world.kubelet.report(firstPod(id), { phase: "Failed", reason: "Evicted", message });
    await endsAs(id, "evicted", /was evicted \(Evicted: The node was low on resource: eph/);
  });

  it("R8: its node is deleted", async () => {
    const id = await makeReady(world, { disk: DISK, gpus: 8 });
    await world.kubelet.api.deleteNode({ name: "h100-1" });
    world.clock.step(1_000);
    await world.reconcile("capacity");
    await endsAs(id, "node-lost", /Its node h100-1 was lost\./);
  });

  it("R8: out of memory, its container starts again: told, and neither lease nor disk change", async () => {
    const id = await makeReady(world, { disk: DISK, gpus: 8 });
    const [before, held] = [await world.read(id), await disk()];
    const uid = (await world.kubelet.pod(firstPod(id)))?.metadata?.uid;
    const terminated = { reason: "OOMKilled", exitCode: 137 };
    const restarted = { restartCount: 1, lastState: { terminated } };
    const containerStatuses = [container({ ready: false, state: { running: {} }, ...restarted })];
    const conditions = [
      { type: "PodScheduled", status: "True" },
      { type: "Ready", status: "False" },
    ];
    await world.kubelet.report(firstPod(id), { containerStatuses, conditions });
    await world.reconcile("reservation", id);
    await world.kubelet.run(firstPod(id));
    await world.reconcile("reservation", id);
    const after = await world.read(id);
    assert.deepEqual([after.state, after.expiresAt], ["ready", before.expiresAt]);
    assert.deepEqual(await disk(), held);
    assert.equal((await world.kubelet.pod(firstPod(id)))?.metadata?.uid, uid);
    const told = (await world.events(id)).filter(({ type }) => type === "reservation.restarted");
    assert.equal(told.length, 1);
    assert.match(told[0]?.message ?? "", /out of memory/);
  });

  it("R8: a start whose pod is evicted begins anew with the same disk, and nothing is told twice", async () => {
    const id = await world.reserve({ disk: DISK, gpus: 8 });
    await world.advance(id);
    await world.kubelet.bindClaim(await claimOf(world, id), "us-east-2a");
    await bound(world, firstPod(id));
    const { uid } = await disk();
    await world.kubelet.report(firstPod(id), { phase: "Failed", reason: "Evicted" });
    await world.reconcile("reservation", id);
    await world.reconcile("reservation", id);
    if (await world.kubelet.pod(firstPod(id))) await world.kubelet.finish(firstPod(id));
    await world.reconcile("reservation", id);
    const row = await world.advance(id);
    assert.deepEqual([row.state, row.attempt], ["starting", 2]);
    const second = `gd-${id}-0-2`;
    await bound(world, second);
    await world.kubelet.run(second);
    await world.reconcile("reservation", id);
    assert.equal((await world.read(id)).state, "ready");
    assert.equal((await disk()).uid, uid);
    const told = (await world.events(id)).map(({ type }) => type);
    assert.equal(told.filter((type) => type === "reservation.requeued").length, 1);
  });
});
