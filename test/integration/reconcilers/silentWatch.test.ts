import assert from "node:assert/strict";
import { createKubeCluster } from "../../../control-plane/src/cluster/kubeCluster.ts";
import { REGISTRY } from "../../../control-plane/src/reconcilers/registry.ts";
import { rows } from "../../../control-plane/src/store/database.ts";
import { waitFor } from "../../support/waitFor.ts";
import { container } from "./handKubelet.ts";
import { bound, firstPod } from "./lives.ts";
import { startWorld, type World } from "./world.ts";

describe("R8: a watch that is dead without saying so", () => {
  let world: World;
  let watch: { stop(): Promise<void> };
  let told: string[];

  beforeEach(async () => {
    told = [];
    world = await startWorld();
    await world.kubelet.addNode("h100-1", "h100", 8);
    await world.reconcile("capacity");
    watch = await world.cluster.watch({
      onPod: (pod) => told.push(`${pod.name} ${pod.waiting?.reason ?? ""} ${String(pod.deleting)}`),
      onNode: (node) => told.push(node.name),
      onContact: () => undefined,
    });
    await waitFor(() => told.includes("h100-1"), { describe: "the watch" });
  });
  afterEach(async () => {
    world.devCluster.faults.requests.clear();
    await watch.stop();
    await world.stop();
  });

  function silence(): void {
    const effect = { silenceWatches: true } as const;
    world.devCluster.faults.requests.add({ id: "silent", match: { verb: "watch" }, effect });
  }

  async function starting() {
    const id = await world.reserve({ gpus: 1 });
    await world.advance(id);
    await bound(world, firstPod(id));
    return id;
  }

  it("fails no start for an image that was pulled after all", async () => {
    const id = await starting();
    const waiting = { reason: "ErrImagePull", message: "hiccup" };
    await world.kubelet.report(firstPod(id), {
      phase: "Pending",
      containerStatuses: [container({ state: { waiting } })],
    });
    await waitFor(() => told.includes(`${firstPod(id)} ErrImagePull false`), { describe: "news" });
    await world.reconcile("reservation", id);
    assert.equal((await world.read(id)).phase, "image");
    silence();
    await world.kubelet.run(firstPod(id));
    world.clock.step(25_000);
    await world.reconcile("reservation", id);
    assert.equal((await world.read(id)).state, "ready");
  });

  it("keeps no pod from being seen ready at the next look", async () => {
    const id = await starting();
    silence();
    await world.kubelet.run(firstPod(id));
    await world.reconcile("reservation", id);
    assert.equal((await world.read(id)).state, "ready");
  });

  it("undoes nothing that another process saw later", async () => {
    silence();
    await world.kubelet.addNode("h100-2", "h100", 8);
    world.clock.step(1_000);
    const { context, devCluster } = world;
    const other = createKubeCluster({
      ...{ kubeconfigPath: devCluster.kubeconfigPath, namespace: "gpu-dev" },
      ...{ sshServerImage: "ssh-server", ...context },
    });
    const names = async () => {
      const found = await rows<{ name: string }>(world.database, "select name from capacity_nodes");
      return found.map(({ name }) => name).sort();
    };
    try {
      await REGISTRY.capacity({ ...context, cluster: other }, "default");
      assert.deepEqual(await names(), ["h100-1", "h100-2"]);
      world.clock.step(1_000);
      await world.reconcile("capacity");
      assert.deepEqual(await names(), ["h100-1", "h100-2"]);
    } finally {
      other.close();
    }
  });

  it("R9: lets nobody say that the cluster answered now", async () => {
    const seen = async () => {
      const sql = "select seen_at from cluster_contact";
      return (await rows<{ seen_at: Date }>(world.database, sql))[0]?.seen_at.getTime();
    };
    await world.reconcile("capacity");
    const before = await seen();
    assert.ok(before);
    silence();
    for (const verb of ["get", "list"] as const) {
      world.devCluster.faults.requests.add({ id: verb, match: { verb }, effect: { status: 503 } });
    }
    world.clock.step(60_000);
    await world.reconcile("capacity");
    assert.equal(await seen(), before);
  });
});
