import assert from "node:assert/strict";
import { container } from "./handKubelet.ts";
import { assertOver, bound, firstPod, makeReady, settle } from "./lives.ts";
import { startWorld, type World } from "./world.ts";

const MINUTE = 60_000;

describe("what goes wrong with a pod", () => {
  let world: World;
  beforeEach(async () => {
    world = await startWorld();
    await world.kubelet.addNode("h100-1", "h100", 8);
    await world.reconcile("capacity");
  });
  afterEach(() => world.stop());

  it("R18: a start that is turned away is placed anew under its own name, when the old pod is gone", async () => {
    const id = await world.reserve();
    await world.advance(id);
    const old = firstPod(id);
    const oldUid = (await world.kubelet.pod(old))?.metadata?.uid;
    await bound(world, old);
    // As a drain does it: the object stays until its processes have ended.
    await world.kubelet.api.deleteNamespacedPod({ name: old, namespace: "gpu-dev" });
    const queuedAt = (await world.read(id)).queuedAt;
    await world.reconcile("reservation", id);
    assert.equal((await world.read(id)).state, "queued");
    // Terminating still: it holds its units, so nothing is placed.
    await world.reconcile("plan", "h100");
    assert.equal((await world.read(id)).state, "queued");
    assert.equal((await world.attempts(id))[0]?.goneAt, null);
    if (await world.kubelet.pod(old)) await world.kubelet.finish(old);
    await world.reconcile("reservation", id);
    const row = await world.advance(id);
    assert.deepEqual([row.state, row.attempt, row.queuedAt], ["starting", 2, queuedAt]);
    const [first, second] = await world.attempts(id);
    assert.equal(first?.podUid, oldUid);
    assert.notEqual(first?.goneAt, null);
    const fresh = await world.kubelet.pod(`gd-${id}-0-2`);
    assert.equal(second?.podUid, fresh?.metadata?.uid);
    assert.notEqual(second?.podUid, oldUid);
  });

  it("R6: a pod that its node turns away is placed anew at once, three times at most", async () => {
    const id = await world.reserve();
    for (const attempt of [1, 2, 3]) {
      const row = await world.advance(id);
      assert.deepEqual([row.state, row.attempt], ["starting", attempt]);
      const pod = `gd-${id}-0-${String(attempt)}`;
      await bound(world, pod);
      await world.kubelet.report(pod, { phase: "Failed", reason: "UnexpectedAdmissionError" });
      await world.reconcile("reservation", id);
    }
    const row = await settle(world, id);
    assert.deepEqual([row.state, row.endReason], ["failed", "start-failed"]);
    assert.match(row.endDetail ?? "", /UnexpectedAdmissionError/);
    await assertOver(world, id, ["reservation.failed"]);
  });

  it("R6: an image that cannot be pulled fails within half a minute, with the registry's words", async () => {
    const id = await world.reserve();
    await world.advance(id);
    const message = "manifest unknown: no such tag";
    await bound(world, firstPod(id));
    await world.kubelet.report(firstPod(id), {
      containerStatuses: [container({ state: { waiting: { reason: "ErrImagePull", message } } })],
    });
    await world.reconcile("reservation", id);
    assert.equal((await world.read(id)).phase, "image");
    world.clock.step(21_000);
    const row = await settle(world, id);
    assert.deepEqual([row.state, row.endReason], ["failed", "start-failed"]);
    assert.match(row.endDetail ?? "", /no such tag/);
    await assertOver(world, id, ["reservation.failed"]);
  });

  it("R6: what can't be created for long is told, fails by its deadline with its phase, and gives its GPUs back", async () => {
    const id = await world.reserve({ gpus: 8, disk: "work" });
    world.clock.step(1_000);
    const behind = await world.reserve({ gpus: 8 });
    const { requests } = world.devCluster.faults;
    const match = { verb: "create", resource: "pods" };
    requests.add({ id: "no-pods", match, effect: { status: 500 } });
    await world.advance(id);
    await world.reconcile("reservation", id);
    const begun = await world.read(id);
    assert.equal(begun.state, "starting");
    assert.match(begun.phaseDetail ?? "", /the cluster answered POST .*\/pods: injected/);
    const budget = world.context.catalogue.types.find(({ id: type }) => type === "h100");
    assert.ok(budget);
    for (let second = 0; second < budget.startBudgetSeconds; second += 30) {
      assert.equal((await world.read(id)).state, "starting", `after ${String(second)} s`);
      world.clock.step(30_000);
      await world.reconcile("capacity");
      await world.reconcile("reservation", id);
    }
    const row = await settle(world, id);
    assert.deepEqual([row.state, row.endReason], ["failed", "start-failed"]);
    assert.match(
      row.endDetail ?? "",
      /it was not ready within 10 min; it was in phase "placing": So far the cluster answered POST/,
    );
    await assertOver(world, id, ["reservation.placed", "reservation.failed", "disk.released"]);
    requests.clear();
    const next = await world.advance(behind);
    assert.equal(next.state, "starting");
    await bound(world, firstPod(behind));
  });

  it("R5: a start that the cluster fails again and again holds up nobody else's deadline", async () => {
    const slow = await world.reserve({ gpus: 1 });
    await world.advance(slow);
    await bound(world, firstPod(slow));
    const waiting = { reason: "ContainerCreating", message: "" };
    await world.kubelet.report(firstPod(slow), {
      containerStatuses: [container({ state: { waiting } })],
    });
    const { requests } = world.devCluster.faults;
    const match = { verb: "create", resource: "pods" };
    requests.add({ id: "no-pods", match, effect: { status: 500 } });
    const failing = await world.reserve({ gpus: 1 });
    await world.advance(failing);
    for (let minute = 0; minute < 11; minute += 1) {
      world.clock.step(MINUTE);
      await world.reconcile("reservation", failing);
      await world.reconcile("reservation", slow);
    }
    const row = await settle(world, slow);
    assert.equal(row.endReason, "start-failed");
    assert.match(row.endDetail ?? "", /in phase "pulling"/);
  });

  it("R8: an OOM kill is told once with its cause, and the reservation goes on", async () => {
    const id = await makeReady(world);
    await world.kubelet.report(firstPod(id), {
      containerStatuses: [
        container({
          ready: true,
          restartCount: 1,
          lastState: { terminated: { reason: "OOMKilled", exitCode: 137 } },
        }),
      ],
    });
    await Promise.all([world.reconcile("reservation", id), world.reconcile("reservation", id)]);
    const told = (await world.events(id)).filter((e) => e.type === "reservation.restarted");
    assert.equal(told.length, 1);
    assert.match(told[0]?.message ?? "", /out of memory/);
    assert.equal((await world.read(id)).state, "ready");
    assert.equal((await world.attempts(id))[0]?.restarts, 1);
  });

  it("R8: a container that ends again and again is a crash loop, and says so", async () => {
    const id = await makeReady(world);
    await world.kubelet.report(firstPod(id), {
      containerStatuses: [
        container({
          restartCount: 5,
          lastState: { terminated: { reason: "Error", exitCode: 1 } },
        }),
      ],
    });
    const row = await settle(world, id);
    assert.deepEqual([row.state, row.endReason], ["failed", "crash-loop"]);
  });

  it("R8: a node that is silent beyond patience is lost; its pod goes by force past the teardown budget", async () => {
    const id = await makeReady(world);
    await world.kubelet.setNodeReady("h100-1", false, new Date(Date.now() - 2 * MINUTE));
    await world.reconcile("capacity");
    await world.reconcile("reservation", id);
    assert.equal((await world.read(id)).state, "ready", "not yet");
    world.clock.step(4 * MINUTE);
    await world.reconcile("reservation", id);
    const stopping = await world.read(id);
    assert.deepEqual([stopping.state, stopping.endReason], ["stopping", "node-lost"]);
    assert.notEqual(await world.kubelet.pod(firstPod(id)), undefined);
    world.clock.step(6 * MINUTE);
    await world.reconcile("reservation", id);
    await world.reconcile("reservation", id);
    assert.equal((await world.read(id)).state, "failed");
    await assertOver(world, id, ["reservation.failed"]);
  });

  it("R8: a pod that somebody deletes ends as evicted, by its UID, not by its name", async () => {
    const id = await makeReady(world);
    await world.kubelet.finish(firstPod(id));
    const row = await settle(world, id);
    assert.deepEqual([row.state, row.endReason], ["failed", "evicted"]);
  });

  it("R16: removes only what it made, seen twice a minute apart, ten in a sweep, and no claim", async () => {
    const labels = { "gpu-dev.io/installation": world.context.installation };
    const { api } = world.kubelet;
    const namespace = "gpu-dev";
    const id = await makeReady(world, { disk: "kept" });
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
        metadata: { name: "lost-claim", labels },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      },
    });
    const orphans = async () =>
      (await api.listNamespacedSecret({ namespace })).items.filter((secret) =>
        secret.metadata?.name?.startsWith("orphan-"),
      ).length;
    await world.reconcile("garbage");
    assert.equal(await orphans(), 12, "seen once");
    world.clock.step(30_000);
    await world.reconcile("garbage");
    assert.equal(await orphans(), 12, "seen twice, too soon");
    world.clock.step(31_000);
    await world.reconcile("garbage");
    assert.equal(await orphans(), 2, "ten in a sweep");
    await world.reconcile("garbage");
    assert.equal(await orphans(), 0);
    const names = (await api.listNamespacedSecret({ namespace })).items.map(
      (s) => s.metadata?.name,
    );
    assert.deepEqual(names.sort(), ["foreign", `gd-${id}`]);
    assert.notEqual(await world.cluster.getClaim("lost-claim"), undefined);
    assert.equal((await world.read(id)).state, "ready");
  });
});
