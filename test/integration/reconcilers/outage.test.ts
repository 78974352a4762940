import assert from "node:assert/strict";
import { createKubeCluster } from "../../../control-plane/src/cluster/kubeCluster.ts";
import { ClusterUnavailable } from "../../../control-plane/src/cluster/port.ts";
import { REGISTRY } from "../../../control-plane/src/reconcilers/registry.ts";
import { rows } from "../../../control-plane/src/store/database.ts";
import { queueNow, type ReconcilerName } from "../../../control-plane/src/store/jobs.ts";
import { waitFor } from "../../support/waitFor.ts";
import { assertOver, bound, firstPod, makeReady, settle } from "./lives.ts";
import { runReconcilers } from "./running.ts";
import { startStranger } from "./stranger.ts";
import { NAMESPACE, startWorld, type World } from "./world.ts";

const MINUTE = 60_000;

describe("the cluster away", () => {
  let world: World;
  beforeEach(async () => {
    world = await startWorld();
    await world.kubelet.addNode("h100-1", "h100", 8);
    await world.reconcile("capacity");
  });
  afterEach(() => world.stop());

  const everyCallFails = () => {
    world.devCluster.faults.requests.add({ id: "down", match: {}, effect: { status: 503 } });
  };
  const comesBack = () => {
    world.devCluster.faults.requests.clear();
  };
  const failing = (name: "capacity" | "reservation" | "garbage", key?: string) =>
    assert.rejects(world.reconcile(name, key), ClusterUnavailable);

  it("R9: ten minutes of errors end nothing, place nothing twice, and work goes on by itself", async () => {
    const ready = await makeReady(world, { seconds: 7_200 });
    const starting = await world.reserve({ gpus: 1 });
    await world.placeOnly();
    const before = await rows(world.database, "select * from capacity_nodes");
    everyCallFails();
    for (let minute = 0; minute < 11; minute += 1) {
      world.clock.step(MINUTE);
      await failing("capacity");
      await failing("garbage");
      await failing("reservation", starting);
      await world.reconcile("reservation", ready);
    }
    assert.equal((await world.read(ready)).state, "ready");
    assert.equal(
      (await world.read(starting)).state,
      "starting",
      "its budget is over, and nothing was seen",
    );
    assert.deepEqual(await rows(world.database, "select * from capacity_nodes"), before);
    comesBack();
    await world.advance(starting);
    assert.equal((await world.read(starting)).state, "starting", "it could not have been ready");
    await bound(world, firstPod(starting));
    await world.kubelet.run(firstPod(starting));
    await world.reconcile("reservation", starting);
    assert.equal((await world.read(starting)).state, "ready");
  });

  it("R9: a lease ends while the cluster is away, and is cleared up when it is back", async () => {
    const id = await makeReady(world, { seconds: 600 });
    everyCallFails();
    world.clock.step(10 * MINUTE);
    await failing("reservation", id);
    const row = await world.read(id);
    assert.deepEqual([row.state, row.endReason], ["stopping", "expired"]);
    assert.equal((await world.attempts(id))[0]?.goneAt, null, "a failed call is no absence");
    comesBack();
    await settle(world, id);
    await assertOver(world, id, ["reservation.ended"]);
  });

  it("R9: watches that are cut and told 410 go on, and news arrive through them", async () => {
    const seen: string[] = [];
    const watch = await world.cluster.watch({
      onPod: (pod, change) => seen.push(`${pod.name} ${change}`),
      onNode: () => undefined,
      onContact: () => undefined,
    });
    try {
      const first = await makeReady(world, { gpus: 1 });
      await waitFor(() => seen.some((one) => one.startsWith(firstPod(first))), {
        describe: "news",
      });
      const { requests } = world.devCluster.faults;
      requests.add({ id: "cut", match: {}, effect: { dropWatches: true } });
      requests.add({ id: "old", match: { verb: "watch" }, effect: { gone: true }, count: 2 });
      const second = await makeReady(world, { gpus: 1 });
      await waitFor(() => seen.some((one) => one.startsWith(firstPod(second))), {
        describe: "news after the cut",
      });
    } finally {
      await watch.stop();
    }
  });

  it("R9: an answer that is lost after the deed makes nothing twice", async () => {
    const id = await world.reserve();
    await world.placeOnly();
    const lost = { match: { verb: "create" }, effect: { resetAfter: true as const }, count: 3 };
    world.devCluster.faults.requests.add({ id: "lost", ...lost });
    // Reads are answered, so that the same run makes them again.
    await world.reconcile("reservation", id);
    assert.deepEqual(
      world.devCluster.faults.requests.list().filter((fault) => fault.id === "lost"),
      [],
    );
    const [attempt] = await world.attempts(id);
    assert.ok(attempt?.podUid);
    assert.equal(attempt.podUid, (await world.kubelet.pod(firstPod(id)))?.metadata?.uid);
    const owned = await world.cluster.listOwned();
    assert.deepEqual(owned.map((object) => object.kind).sort(), ["Pod", "Secret", "Service"]);
  });

  it("R9: a page of a balancer that says 404 is no word of the cluster's, and ends nothing", async () => {
    const ready = await makeReady(world, { gpus: 1, disk: "kept" });
    const starting = await world.reserve({ gpus: 1 });
    await world.advance(starting);
    const stopping = await makeReady(world, { gpus: 1 });
    await world.cancel(stopping);
    const before = [await world.attempts(ready), await world.attempts(starting)];
    const stranger = await startStranger();
    const cluster = createKubeCluster({
      ...{ ...world.context, kubeConfig: stranger.kubeConfig },
      ...{ namespace: NAMESPACE, sshServerImage: "ssh-server" },
    });
    const context = { ...world.context, cluster };
    const meets = (name: ReconcilerName, key: string) =>
      REGISTRY[name](context, key).catch((error: unknown) => {
        assert.ok(error instanceof ClusterUnavailable, String(error));
      });
    try {
      for (let minute = 0; minute < 11; minute += 1) {
        world.clock.step(MINUTE);
        await meets("capacity", "default");
        await meets("garbage", "default");
        for (const id of [ready, starting, stopping]) await meets("reservation", id);
      }
    } finally {
      cluster.close();
      await stranger.stop();
    }
    assert.ok(stranger.asked() > 20);
    const states = [ready, starting, stopping].map(async (id) => (await world.read(id)).state);
    assert.deepEqual(await Promise.all(states), ["ready", "starting", "stopping"]);
    assert.equal((await world.attempts(stopping))[0]?.goneAt, null, "its pod is there");
    assert.deepEqual([await world.attempts(ready), await world.attempts(starting)], before);
    assert.equal((await rows(world.database, "select name from capacity_nodes")).length, 1);
    await world.reconcile("reservation", ready);
    assert.equal((await world.read(ready)).state, "ready");
    assert.equal((await settle(world, stopping)).endReason, "cancelled");
  });

  it("R9: hints all lost, the resync alone brings a reservation to its pod", async () => {
    const deaf = new Proxy(world.cluster, {
      get: (target, name, receiver) =>
        name === "watch"
          ? () => Promise.resolve({ stop: () => Promise.resolve() })
          : (Reflect.get(target, name, receiver) as unknown),
    });
    const id = await world.reserve();
    const reconcilers = await runReconcilers(world, { cluster: deaf });
    try {
      await waitFor(() => world.kubelet.pod(firstPod(id)), { describe: "its pod" });
      await world.kubelet.run(firstPod(id));
      await queueNow(world.database, "resync", "default");
      await waitFor(async () => (await world.read(id)).state === "ready", { describe: "ready" });
    } finally {
      await reconcilers.stop();
    }
    assert.deepEqual(await rows(world.database, "select worker_id from worker_heartbeats"), []);
  });
});
