import assert from "node:assert/strict";
import { Minute } from "@gpu-dev/shared/durations.ts";
import { container } from "./manualKubelet.ts";
import { assertOver, bound, firstPod, makeReady, settle } from "./lifecycle.ts";
import { startFixture, type Fixture } from "./fixture.ts";

describe("failures of a pod", () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await startFixture();
    await fixture.kubelet.addNode("h100-1", "h100", 8);
    await fixture.reconcile("capacity");
  });
  afterEach(() => fixture.stop());

  it("R18: a start whose pod is removed is rescheduled under a new pod name, once the old pod is gone", async () => {
    const id = await fixture.reserve();
    await fixture.advance(id);
    const old = firstPod(id);
    const oldUid = (await fixture.kubelet.pod(old))?.metadata?.uid;
    await bound(fixture, old);
    // As a drain does it: the object stays until its processes have ended.
    await fixture.kubelet.api.deleteNamespacedPod({ name: old, namespace: "gpu-dev" });
    const queuedAt = (await fixture.read(id)).queuedAt;
    await fixture.reconcile("reservation", id);
    assert.equal((await fixture.read(id)).state, "queued");
    // Still terminating: it holds its units, so nothing is placed.
    await fixture.reconcile("plan", "h100");
    assert.equal((await fixture.read(id)).state, "queued");
    assert.equal((await fixture.attempts(id))[0]?.goneAt, undefined);
    if (await fixture.kubelet.pod(old)) await fixture.kubelet.finish(old);
    await fixture.reconcile("reservation", id);
    const row = await fixture.advance(id);
    assert.deepEqual([row.state, row.attempt, row.queuedAt], ["starting", 2, queuedAt]);
    const [first, second] = await fixture.attempts(id);
    assert.equal(first?.podUid, oldUid);
    assert.notEqual(first?.goneAt, undefined);
    const replacement = await fixture.kubelet.pod(`gd-${id}-0-2`);
    assert.equal(second?.podUid, replacement?.metadata?.uid);
    assert.notEqual(second?.podUid, oldUid);
  });

  it("R6: a pod that its node rejects is rescheduled at once, up to three attempts", async () => {
    const id = await fixture.reserve();
    for (const attempt of [1, 2, 3]) {
      const row = await fixture.advance(id);
      assert.deepEqual([row.state, row.attempt], ["starting", attempt]);
      const pod = `gd-${id}-0-${String(attempt)}`;
      await bound(fixture, pod);
      await fixture.kubelet.report(pod, { phase: "Failed", reason: "UnexpectedAdmissionError" });
      await fixture.reconcile("reservation", id);
    }
    const row = await settle(fixture, id);
    assert.deepEqual([row.state, row.endReason], ["failed", "start-failed"]);
    assert.match(row.endDetail ?? "", /UnexpectedAdmissionError/);
    await assertOver(fixture, id, ["reservation.failed"]);
  });

  it("R6: an image that cannot be pulled fails the start within half a minute, with the registry's message", async () => {
    const id = await fixture.reserve();
    await fixture.advance(id);
    const message = "manifest unknown: no such tag";
    await bound(fixture, firstPod(id));
    await fixture.kubelet.report(firstPod(id), {
      containerStatuses: [container({ state: { waiting: { reason: "ErrImagePull", message } } })],
    });
    await fixture.reconcile("reservation", id);
    assert.equal((await fixture.read(id)).phase, "pulling");
    const [failing] = await fixture.attempts(id);
    assert.deepEqual(failing?.pullFailingSince, fixture.clock.now());
    const phases = (await fixture.events(id)).filter((e) => e.type === "reservation.phase");
    assert.match(phases.at(-1)?.message ?? "", /^So far the image .* could not be pulled/);
    fixture.clock.step(21_000);
    const row = await settle(fixture, id);
    assert.deepEqual([row.state, row.endReason], ["failed", "start-failed"]);
    assert.match(row.endDetail ?? "", /no such tag/);
    await assertOver(fixture, id, ["reservation.failed"]);
  });

  it("R6: a start whose objects cannot be created reports why, fails at its deadline with its phase, and releases its GPUs", async () => {
    const id = await fixture.reserve({ gpus: 8, disk: "work" });
    fixture.clock.step(1_000);
    const behind = await fixture.reserve({ gpus: 8 });
    const { requests } = fixture.devCluster.faults;
    const match = { verb: "create", resource: "pods" };
    requests.add({ id: "no-pods", match, effect: { status: 500 } });
    await fixture.advance(id);
    await fixture.reconcile("reservation", id);
    const starting = await fixture.read(id);
    assert.equal(starting.state, "starting");
    assert.match(starting.phaseDetail ?? "", /the cluster responded to POST .*\/pods: injected/);
    const budget = fixture.context.catalogue.types.find(({ id: type }) => type === "h100");
    assert.ok(budget);
    for (let second = 0; second < budget.startBudgetSeconds; second += 30) {
      assert.equal((await fixture.read(id)).state, "starting", `after ${String(second)} s`);
      fixture.clock.step(30_000);
      await fixture.reconcile("capacity");
      await fixture.reconcile("reservation", id);
    }
    const row = await settle(fixture, id);
    assert.deepEqual([row.state, row.endReason], ["failed", "start-failed"]);
    assert.match(
      row.endDetail ?? "",
      /it was not ready within 10 min; it was in phase "placing": So far the cluster responded to POST/,
    );
    await assertOver(fixture, id, ["reservation.placed", "reservation.failed", "disk.released"]);
    requests.clear();
    const next = await fixture.advance(behind);
    assert.equal(next.state, "starting");
    await bound(fixture, firstPod(behind));
  });

  it("R5: a start that the cluster keeps failing does not postpone the deadline of another one", async () => {
    const slow = await fixture.reserve({ gpus: 1 });
    await fixture.advance(slow);
    await bound(fixture, firstPod(slow));
    const waiting = { reason: "ContainerCreating", message: "" };
    await fixture.kubelet.report(firstPod(slow), {
      containerStatuses: [container({ state: { waiting } })],
    });
    const { requests } = fixture.devCluster.faults;
    const match = { verb: "create", resource: "pods" };
    requests.add({ id: "no-pods", match, effect: { status: 500 } });
    const failing = await fixture.reserve({ gpus: 1 });
    await fixture.advance(failing);
    for (let minute = 0; minute < 11; minute += 1) {
      fixture.clock.step(Minute.ms);
      await fixture.reconcile("reservation", failing);
      await fixture.reconcile("reservation", slow);
    }
    const row = await settle(fixture, slow);
    assert.equal(row.endReason, "start-failed");
    assert.match(row.endDetail ?? "", /in phase "pulling"/);
  });

  it("R8: an OOM kill is reported once with its cause, and the reservation continues", async () => {
    const id = await makeReady(fixture);
    await fixture.kubelet.report(firstPod(id), {
      containerStatuses: [
        container({
          ready: true,
          restartCount: 1,
          lastState: { terminated: { reason: "OOMKilled", exitCode: 137 } },
        }),
      ],
    });
    await Promise.all([fixture.reconcile("reservation", id), fixture.reconcile("reservation", id)]);
    const restarts = (await fixture.events(id)).filter((e) => e.type === "reservation.restarted");
    assert.equal(restarts.length, 1);
    assert.match(restarts[0]?.message ?? "", /out of memory/);
    assert.equal((await fixture.read(id)).state, "ready");
    assert.equal((await fixture.attempts(id))[0]?.restarts, 1);
  });

  it("R8: a container that keeps ending ends the reservation as a crash loop", async () => {
    const id = await makeReady(fixture);
    await fixture.kubelet.report(firstPod(id), {
      containerStatuses: [
        container({
          restartCount: 5,
          lastState: { terminated: { reason: "Error", exitCode: 1 } },
        }),
      ],
    });
    const row = await settle(fixture, id);
    assert.deepEqual([row.state, row.endReason], ["failed", "crash-loop"]);
  });

  it("R8: a node that is unreachable beyond the grace period is lost; its pod is force-deleted after the teardown budget", async () => {
    const id = await makeReady(fixture);
    await fixture.kubelet.setNodeReady("h100-1", false, new Date(Date.now() - 2 * Minute.ms));
    await fixture.reconcile("capacity");
    await fixture.reconcile("reservation", id);
    assert.equal((await fixture.read(id)).state, "ready", "not yet");
    fixture.clock.step(4 * Minute.ms);
    await fixture.reconcile("reservation", id);
    const stopping = await fixture.read(id);
    assert.deepEqual([stopping.state, stopping.endReason], ["stopping", "node-lost"]);
    assert.notEqual(await fixture.kubelet.pod(firstPod(id)), undefined);
    fixture.clock.step(6 * Minute.ms);
    await fixture.reconcile("reservation", id);
    await fixture.reconcile("reservation", id);
    assert.equal((await fixture.read(id)).state, "failed");
    await assertOver(fixture, id, ["reservation.failed"]);
  });

  it("R8: a deleted pod ends the reservation as evicted, by its UID, not by its name", async () => {
    const id = await makeReady(fixture);
    await fixture.kubelet.finish(firstPod(id));
    const row = await settle(fixture, id);
    assert.deepEqual([row.state, row.endReason], ["failed", "evicted"]);
  });

  it("R16: garbage collection removes only objects of its own, seen twice a minute apart, ten per sweep, and no claim", async () => {
    const labels = { "gpu-dev.io/installation": fixture.context.installation };
    const { api } = fixture.kubelet;
    const namespace = "gpu-dev";
    const id = await makeReady(fixture, { disk: "kept" });
    for (let index = 0; index < 12; index += 1) {
      await api.createNamespacedSecret({
        namespace,
        body: { metadata: { name: `orphan-${String(index)}`, labels } },
      });
    }
    const foreign = { "gpu-dev.io/installation": "another" };
    await api.createNamespacedSecret({
      namespace,
      body: { metadata: { name: "foreign", labels: foreign } },
    });
    await api.createNamespacedPersistentVolumeClaim({
      namespace,
      body: {
        metadata: { name: "unused-claim", labels },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      },
    });
    const orphans = async () =>
      (await api.listNamespacedSecret({ namespace })).items.filter((secret) =>
        secret.metadata?.name?.startsWith("orphan-"),
      ).length;
    await fixture.reconcile("garbage");
    assert.equal(await orphans(), 12, "seen once");
    fixture.clock.step(30_000);
    await fixture.reconcile("garbage");
    assert.equal(await orphans(), 12, "seen twice, too early");
    fixture.clock.step(31_000);
    await fixture.reconcile("garbage");
    assert.equal(await orphans(), 2, "ten per sweep");
    await fixture.reconcile("garbage");
    assert.equal(await orphans(), 0);
    const names = (await api.listNamespacedSecret({ namespace })).items.map(
      (secret) => secret.metadata?.name,
    );
    assert.deepEqual(names.sort(), ["foreign", `gd-${id}`]);
    assert.notEqual(await fixture.cluster.getClaim("unused-claim"), undefined);
    assert.equal((await fixture.read(id)).state, "ready");
  });
});
