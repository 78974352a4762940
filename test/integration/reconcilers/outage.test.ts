import assert from "node:assert/strict";
import { Minute } from "@gpu-dev/shared/durations.ts";
import { createKubeCluster } from "../../../control-plane/src/cluster/kubeCluster.ts";
import { ClusterUnavailable } from "../../../control-plane/src/cluster/port.ts";
import { REGISTRY } from "../../../control-plane/src/reconcilers/registry.ts";
import { rows } from "../../../control-plane/src/store/database.ts";
import { queueNow, type ReconcilerName } from "../../../control-plane/src/store/jobs.ts";
import { waitFor } from "../../support/waitFor.ts";
import { assertOver, bound, firstPod, makeReady, settle, runReconcilers } from "./lifecycle.ts";
import { startBalancer } from "./balancer.ts";
import { NAMESPACE, startFixture, type Fixture } from "./fixture.ts";

describe("an outage of the cluster", () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await startFixture();
    await fixture.kubelet.addNode("h100-1", "h100", 8);
    await fixture.reconcile("capacity");
  });
  afterEach(() => fixture.stop());

  const everyCallFails = () => {
    fixture.devCluster.faults.requests.add({ id: "down", match: {}, effect: { status: 503 } });
  };
  const recover = () => {
    fixture.devCluster.faults.requests.clear();
  };
  const failing = (name: "capacity" | "reservation" | "garbage", key?: string) =>
    assert.rejects(fixture.reconcile(name, key), ClusterUnavailable);

  it("R9: ten minutes of errors end nothing and place nothing twice; work resumes automatically", async () => {
    const ready = await makeReady(fixture, { seconds: 7_200 });
    const starting = await fixture.reserve({ gpus: 1 });
    await fixture.placeOnly();
    const before = await rows(fixture.database, "select * from capacity_nodes");
    everyCallFails();
    for (let minute = 0; minute < 11; minute += 1) {
      fixture.clock.step(Minute.ms);
      await failing("capacity");
      await failing("garbage");
      await failing("reservation", starting);
      await fixture.reconcile("reservation", ready);
    }
    assert.equal((await fixture.read(ready)).state, "ready");
    assert.equal(
      (await fixture.read(starting)).state,
      "starting",
      "its start budget has passed, but nothing was observed",
    );
    assert.deepEqual(await rows(fixture.database, "select * from capacity_nodes"), before);
    recover();
    await fixture.advance(starting);
    assert.equal((await fixture.read(starting)).state, "starting", "it could not have been ready");
    await bound(fixture, firstPod(starting));
    await fixture.kubelet.run(firstPod(starting));
    await fixture.reconcile("reservation", starting);
    assert.equal((await fixture.read(starting)).state, "ready");
  });

  it("R9: a lease expires during an outage, and its objects are removed afterwards", async () => {
    const id = await makeReady(fixture, { seconds: 600 });
    everyCallFails();
    fixture.clock.step(10 * Minute.ms);
    await failing("reservation", id);
    const row = await fixture.read(id);
    assert.deepEqual([row.state, row.endReason], ["stopping", "expired"]);
    assert.equal(
      (await fixture.attempts(id))[0]?.goneAt,
      undefined,
      "a failed call is not an absence",
    );
    recover();
    await settle(fixture, id);
    await assertOver(fixture, id, ["reservation.ended"]);
  });

  it("R9: watches that are cut, or get a 410, resume and report changes", async () => {
    const seen: string[] = [];
    const watch = await fixture.cluster.watch({
      onPod: (pod, change) => seen.push(`${pod.name} ${change}`),
      onNode: () => undefined,
      onContact: () => undefined,
    });
    try {
      const first = await makeReady(fixture, { gpus: 1 });
      await waitFor(() => seen.some((line) => line.startsWith(firstPod(first))), {
        describe: "a report of the first pod",
      });
      const { requests } = fixture.devCluster.faults;
      requests.add({ id: "cut", match: {}, effect: { dropWatches: true } });
      requests.add({ id: "old", match: { verb: "watch" }, effect: { gone: true }, count: 2 });
      const second = await makeReady(fixture, { gpus: 1 });
      await waitFor(() => seen.some((line) => line.startsWith(firstPod(second))), {
        describe: "a report after the cut",
      });
    } finally {
      await watch.stop();
    }
  });

  it("R9: a lost response to a create that was carried out creates nothing twice", async () => {
    const id = await fixture.reserve();
    await fixture.placeOnly();
    const lost = { match: { verb: "create" }, effect: { resetAfter: true as const }, count: 3 };
    fixture.devCluster.faults.requests.add({ id: "lost", ...lost });
    // Reads succeed, so the same run creates them again.
    await fixture.reconcile("reservation", id);
    assert.deepEqual(
      fixture.devCluster.faults.requests.list().filter((fault) => fault.id === "lost"),
      [],
    );
    const [attempt] = await fixture.attempts(id);
    assert.ok(attempt?.podUid);
    assert.equal(attempt.podUid, (await fixture.kubelet.pod(firstPod(id)))?.metadata?.uid);
    const owned = await fixture.cluster.listOwned();
    assert.deepEqual(owned.map((object) => object.kind).sort(), ["Pod", "Secret", "Service"]);
  });

  it("R9: a 404 page of a load balancer is not a response of the cluster, and ends nothing", async () => {
    const ready = await makeReady(fixture, { gpus: 1, disk: "kept" });
    const starting = await fixture.reserve({ gpus: 1 });
    await fixture.advance(starting);
    const stopping = await makeReady(fixture, { gpus: 1 });
    await fixture.cancel(stopping);
    const before = [await fixture.attempts(ready), await fixture.attempts(starting)];
    const balancer = await startBalancer();
    const cluster = createKubeCluster({
      ...fixture.context,
      kubeConfig: balancer.kubeConfig,
      namespace: NAMESPACE,
      sshServerImage: "ssh-server",
    });
    const context = { ...fixture.context, cluster };
    const expectUnavailable = (name: ReconcilerName, key: string) =>
      REGISTRY[name](context, key).catch((error: unknown) => {
        assert.ok(error instanceof ClusterUnavailable, String(error));
      });
    try {
      for (let minute = 0; minute < 11; minute += 1) {
        fixture.clock.step(Minute.ms);
        await expectUnavailable("capacity", "default");
        await expectUnavailable("garbage", "default");
        for (const id of [ready, starting, stopping]) await expectUnavailable("reservation", id);
      }
    } finally {
      cluster.close();
      await balancer.stop();
    }
    assert.ok(balancer.requests() > 20);
    const states = [ready, starting, stopping].map(async (id) => (await fixture.read(id)).state);
    assert.deepEqual(await Promise.all(states), ["ready", "starting", "stopping"]);
    assert.equal((await fixture.attempts(stopping))[0]?.goneAt, undefined, "its pod exists");
    assert.deepEqual([await fixture.attempts(ready), await fixture.attempts(starting)], before);
    assert.equal((await rows(fixture.database, "select name from capacity_nodes")).length, 1);
    await fixture.reconcile("reservation", ready);
    assert.equal((await fixture.read(ready)).state, "ready");
    assert.equal((await settle(fixture, stopping)).endReason, "cancelled");
  });

  it("R9: if every hint is lost, the resync alone makes a reservation ready", async () => {
    const withoutWatches = new Proxy(fixture.cluster, {
      get: (target, name, receiver) =>
        name === "watch"
          ? () => Promise.resolve({ stop: () => Promise.resolve() })
          : (Reflect.get(target, name, receiver) as unknown),
    });
    const id = await fixture.reserve();
    const reconcilers = await runReconcilers(fixture, { cluster: withoutWatches });
    try {
      await waitFor(() => fixture.kubelet.pod(firstPod(id)), { describe: "its pod" });
      await fixture.kubelet.run(firstPod(id));
      await queueNow(fixture.database, "resync", "default");
      await waitFor(async () => (await fixture.read(id)).state === "ready", { describe: "ready" });
    } finally {
      await reconcilers.stop();
    }
    assert.deepEqual(await rows(fixture.database, "select worker_id from worker_heartbeats"), []);
  });
});
