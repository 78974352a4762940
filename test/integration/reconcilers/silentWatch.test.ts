import assert from "node:assert/strict";
import { createKubeCluster } from "../../../control-plane/src/cluster/kubeCluster.ts";
import { REGISTRY } from "../../../control-plane/src/reconcilers/registry.ts";
import { rows } from "../../../control-plane/src/store/database.ts";
import { waitFor } from "../../support/waitFor.ts";
import { container } from "./manualKubelet.ts";
import { bound, firstPod } from "./lifecycle.ts";
import { startFixture, type Fixture } from "./fixture.ts";

describe("R8: a watch whose connection died silently", () => {
  let fixture: Fixture;
  let watch: { stop(): Promise<void> };
  let reported: string[];

  beforeEach(async () => {
    reported = [];
    fixture = await startFixture();
    await fixture.kubelet.addNode("h100-1", "h100", 8);
    await fixture.reconcile("capacity");
    watch = await fixture.cluster.watch({
      onPod: (pod) =>
        reported.push(`${pod.name} ${pod.waiting?.reason ?? ""} ${String(pod.deleting)}`),
      onNode: (node) => reported.push(node.name),
      onContact: () => undefined,
    });
    await waitFor(() => reported.includes("h100-1"), { describe: "the watch" });
  });
  afterEach(async () => {
    fixture.devCluster.faults.requests.clear();
    await watch.stop();
    await fixture.stop();
  });

  function silence(): void {
    const effect = { silenceWatches: true } as const;
    fixture.devCluster.faults.requests.add({ id: "silent", match: { verb: "watch" }, effect });
  }

  async function starting() {
    const id = await fixture.reserve({ gpus: 1 });
    await fixture.advance(id);
    await bound(fixture, firstPod(id));
    return id;
  }

  it("does not fail a start whose image was pulled meanwhile", async () => {
    const id = await starting();
    const waiting = { reason: "ErrImagePull", message: "registry timeout" };
    await fixture.kubelet.report(firstPod(id), {
      phase: "Pending",
      containerStatuses: [container({ state: { waiting } })],
    });
    await waitFor(() => reported.includes(`${firstPod(id)} ErrImagePull false`), {
      describe: "the report of the pull",
    });
    await fixture.reconcile("reservation", id);
    assert.notEqual((await fixture.attempts(id))[0]?.pullFailingSince, undefined);
    silence();
    await fixture.kubelet.run(firstPod(id));
    fixture.clock.step(25_000);
    await fixture.reconcile("reservation", id);
    assert.equal((await fixture.read(id)).state, "ready");
  });

  it("does not hide a ready pod from the next run", async () => {
    const id = await starting();
    silence();
    await fixture.kubelet.run(firstPod(id));
    await fixture.reconcile("reservation", id);
    assert.equal((await fixture.read(id)).state, "ready");
  });

  it("does not overwrite a newer state that another process wrote", async () => {
    silence();
    await fixture.kubelet.addNode("h100-2", "h100", 8);
    fixture.clock.step(1_000);
    const { context, devCluster } = fixture;
    const other = createKubeCluster({
      ...context,
      kubeconfigPath: devCluster.kubeconfigPath,
      namespace: "gpu-dev",
      sshServerImage: "ssh-server",
    });
    const names = async () => {
      const found = await rows<{ name: string }>(
        fixture.database,
        "select name from capacity_nodes",
      );
      return found.map(({ name }) => name).sort();
    };
    try {
      await REGISTRY.capacity({ ...context, cluster: other }, "default");
      assert.deepEqual(await names(), ["h100-1", "h100-2"]);
      fixture.clock.step(1_000);
      await fixture.reconcile("capacity");
      assert.deepEqual(await names(), ["h100-1", "h100-2"]);
    } finally {
      other.close();
    }
  });

  it("R9: is not taken for a response of the cluster", async () => {
    const seen = async () => {
      const sql = "select seen_at from cluster_contact";
      return (await rows<{ seen_at: Date }>(fixture.database, sql))[0]?.seen_at.getTime();
    };
    await fixture.reconcile("capacity");
    const before = await seen();
    assert.ok(before);
    silence();
    for (const verb of ["get", "list"] as const) {
      fixture.devCluster.faults.requests.add({
        id: verb,
        match: { verb },
        effect: { status: 503 },
      });
    }
    fixture.clock.step(60_000);
    await fixture.reconcile("capacity");
    assert.equal(await seen(), before);
  });
});
