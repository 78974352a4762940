import assert from "node:assert/strict";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { waitFor } from "../../support/waitFor.ts";
import { rows } from "../../../control-plane/src/store/database.ts";
import { container } from "./manualKubelet.ts";
import { assertOver, bound, claimOf, firstPod, makeReady, settle } from "./lifecycle.ts";
import { startFixture, type Fixture } from "./fixture.ts";

const DISK = "work";

describe("evictions, and the disk of an evicted reservation", () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await startFixture();
    for (const name of ["h100-1", "h100-2"]) await fixture.kubelet.addNode(name, "h100", 8);
    await fixture.reconcile("capacity");
  });
  afterEach(() => fixture.stop());

  const disk = async () => {
    const [found] = await rows<{ claim: string; uid: string; held: boolean }>(
      fixture.database,
      `select d.claim_name as claim, d.claim_uid as uid,
         exists (select 1 from attachments a where a.disk_id = d.id and a.released_at is null) as held
       from disks d where d.name = ?`,
      [DISK],
    );
    assert.ok(found);
    return found;
  };
  /** It ends with this reason; its disk is free, and the next reservation gets the same volume. */
  const endsAs = async (id: ReservationId, reason: string, detail: RegExp) => {
    const { claim, uid } = await disk();
    const row = await settle(fixture, id);
    assert.deepEqual([row.state, row.endReason], ["failed", reason]);
    assert.match(row.endDetail ?? "", detail);
    await assertOver(fixture, id, ["reservation.stopping", "disk.released", "reservation.failed"]);
    assert.deepEqual(await disk(), { claim, uid, held: false });
    assert.equal((await fixture.cluster.getClaim(claim))?.uid, uid);
    const next = await makeReady(fixture, { disk: DISK, gpus: 8 });
    assert.equal(await claimOf(fixture, next), claim);
    assert.deepEqual(await disk(), { claim, uid, held: true });
  };

  it("R8: an eviction through the API, as a drain does it, ends the reservation as evicted", async () => {
    const id = await makeReady(fixture, { disk: DISK, gpus: 8 });
    const name = firstPod(id);
    await fixture.kubelet.api.createNamespacedPodEviction({
      name,
      namespace: "gpu-dev",
      body: { metadata: { name } },
    });
    await waitFor(async () => (await fixture.kubelet.pod(name))?.metadata?.deletionTimestamp, {
      describe: "the pod to be terminating",
    });
    await endsAs(id, "evicted", /Its pod on h100-1 was removed by the cluster or an operator\./);
  });

  it("R8: an eviction by the node ends the reservation with the reason of the node", async () => {
    const id = await makeReady(fixture, { disk: DISK, gpus: 8 });
    const message = "The node was low on resource: ephemeral-storage.";
    await fixture.kubelet.report(firstPod(id), { phase: "Failed", reason: "Evicted", message });
    await endsAs(id, "evicted", /was evicted \(Evicted: The node was low on resource: eph/);
  });

  it("R8: the deletion of its node ends the reservation as node-lost", async () => {
    const id = await makeReady(fixture, { disk: DISK, gpus: 8 });
    await fixture.kubelet.api.deleteNode({ name: "h100-1" });
    fixture.clock.step(1_000);
    await fixture.reconcile("capacity");
    await endsAs(id, "node-lost", /Its node h100-1 was lost\./);
  });

  it("R8: an OOM kill restarts the container and is reported; lease and disk do not change", async () => {
    const id = await makeReady(fixture, { disk: DISK, gpus: 8 });
    const [before, held] = [await fixture.read(id), await disk()];
    const uid = (await fixture.kubelet.pod(firstPod(id)))?.metadata?.uid;
    const terminated = { reason: "OOMKilled", exitCode: 137 };
    const restarted = { restartCount: 1, lastState: { terminated } };
    const containerStatuses = [container({ ready: false, state: { running: {} }, ...restarted })];
    const conditions = [
      { type: "PodScheduled", status: "True" },
      { type: "Ready", status: "False" },
    ];
    await fixture.kubelet.report(firstPod(id), { containerStatuses, conditions });
    await fixture.reconcile("reservation", id);
    await fixture.kubelet.run(firstPod(id));
    await fixture.reconcile("reservation", id);
    const after = await fixture.read(id);
    assert.deepEqual([after.state, after.expiresAt], ["ready", before.expiresAt]);
    assert.deepEqual(await disk(), held);
    assert.equal((await fixture.kubelet.pod(firstPod(id)))?.metadata?.uid, uid);
    const restarts = (await fixture.events(id)).filter(
      ({ type }) => type === "reservation.restarted",
    );
    assert.equal(restarts.length, 1);
    assert.match(restarts[0]?.message ?? "", /out of memory/);
  });

  it("R8: a start whose pod is evicted is rescheduled with the same disk and reported once", async () => {
    const id = await fixture.reserve({ disk: DISK, gpus: 8 });
    await fixture.advance(id);
    await fixture.kubelet.bindClaim(await claimOf(fixture, id), "us-east-2a");
    await bound(fixture, firstPod(id));
    const { uid } = await disk();
    await fixture.kubelet.report(firstPod(id), { phase: "Failed", reason: "Evicted" });
    await fixture.reconcile("reservation", id);
    await fixture.reconcile("reservation", id);
    if (await fixture.kubelet.pod(firstPod(id))) await fixture.kubelet.finish(firstPod(id));
    await fixture.reconcile("reservation", id);
    const row = await fixture.advance(id);
    assert.deepEqual([row.state, row.attempt], ["starting", 2]);
    const second = `gd-${id}-0-2`;
    await bound(fixture, second);
    await fixture.kubelet.run(second);
    await fixture.reconcile("reservation", id);
    assert.equal((await fixture.read(id)).state, "ready");
    assert.equal((await disk()).uid, uid);
    const types = (await fixture.events(id)).map(({ type }) => type);
    assert.equal(types.filter((type) => type === "reservation.requeued").length, 1);
  });
});
