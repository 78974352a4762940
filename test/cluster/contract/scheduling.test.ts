import assert from "node:assert/strict";
import { ClusterFixture, HOST } from "./clusterFixture.ts";
import { SERVERS } from "./servers.ts";
import { MERGE } from "./steps.ts";

for (const name of SERVERS) {
  describe(`the contract of scheduling: ${name}`, () => {
    let world: ClusterFixture;
    before(async () => {
      world = await ClusterFixture.start(name, "scheduled");
      await world.addNode("contract-a", 8);
      await world.addNode("contract-b");
    });
    after(() => (world as ClusterFixture | undefined)?.stop());

    const on = (node: string) => ({ nodeSelector: { [HOST]: node } });
    const byAffinity = (...values: string[]) => {
      const matchExpressions = [{ key: HOST, operator: "In", values }];
      const required = { nodeSelectorTerms: [{ matchExpressions }] };
      return {
        affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } },
      };
    };
    const isLeaving = async (pod: string) =>
      (await world.read(`${world.pods}/${pod}`)).body.metadata.deletionTimestamp !== undefined;

    it("never gives a GPU twice, and gives it again when the pod is gone", async () => {
      await world.create("first", on("contract-a"), 6);
      assert.equal(await world.bound("first"), "contract-a");
      await world.create("second", on("contract-a"), 4);
      await world.refused("second", /Insufficient nvidia\.com\/gpu/);
      await world.removeNow("first");
      assert.equal(await world.bound("second"), "contract-a");
      await world.removeNow("second");
    });

    it("keeps the GPUs of a pod that is being deleted until its object is gone", async () => {
      await world.create("leaving", {}, 8);
      await world.bound("leaving");
      await world.server.api.expect("DELETE", `${world.pods}/leaving`);
      await world.create("coming", {}, 1);
      await world.refused("coming", /Insufficient nvidia\.com\/gpu/);
      await world.removeNow("leaving");
      assert.equal(await world.bound("coming"), "contract-a");
      await world.removeNow("coming");
    });

    it("binds a pod to the node that its affinity requires, and to no other", async () => {
      for (const node of ["contract-b", "contract-a"]) {
        await world.create(`to-${node}`, byAffinity(node, "contract-none"));
        assert.equal(await world.bound(`to-${node}`), node);
        await world.removeNow(`to-${node}`);
      }
      await world.create("elsewhere", byAffinity("contract-none"));
      await world.refused("elsewhere", /didn't match Pod's node affinity\/selector/);
      await world.removeNow("elsewhere");
    });

    it("honours a cordon", async () => {
      const cordon = (unschedulable: boolean) => {
        const body = { spec: { unschedulable } };
        return world.server.api.expect("PATCH", "/api/v1/nodes/contract-a", body, MERGE);
      };
      await cordon(true);
      await world.create("cordoned", on("contract-a"));
      await world.refused("cordoned", /unschedulable/);
      await cordon(false);
      assert.equal(await world.bound("cordoned"), "contract-a");
      await world.removeNow("cordoned");
    });

    it("keeps from a tainted node what does not tolerate it", async () => {
      const taint = { key: "example.org/special", value: "yes", effect: "NoSchedule" };
      await world.addNode("contract-tainted", 0, { taints: [taint] });
      await world.create("intolerant", on("contract-tainted"));
      await world.refused("intolerant", /untolerated taint/);
      const { key } = taint;
      const wrong = [{ key, value: "no", effect: "NoSchedule" }];
      await world.create("otherwise", { ...on("contract-tainted"), tolerations: wrong });
      await world.refused("otherwise", /untolerated taint/);
      for (const [pod, toleration] of Object.entries({
        "by-value": { key, value: "yes", effect: "NoSchedule" },
        "by-key": { key, operator: "Exists" },
        "of-all": { operator: "Exists" },
      })) {
        await world.create(pod, { ...on("contract-tainted"), tolerations: [toleration] });
        assert.equal(await world.bound(pod), "contract-tainted");
      }
      for (const pod of ["intolerant", "otherwise", "by-value", "by-key", "of-all"])
        await world.removeNow(pod);
    });

    it("R8: sends away what does not tolerate a taint of a node, at once or when its time is up", async () => {
      const key = "example.org/leave";
      const tolerations = (tolerationSeconds?: number) => [
        { key, operator: "Exists", effect: "NoExecute", tolerationSeconds },
      ];
      const pods = {
        never: [],
        briefly: tolerations(1),
        long: tolerations(3_600),
        always: tolerations(),
      };
      for (const [pod, each] of Object.entries(pods)) {
        await world.create(pod, { ...on("contract-b"), tolerations: each });
        await world.bound(pod);
      }
      await world.patchNode("contract-b", { spec: { taints: [{ key, effect: "NoExecute" }] } });
      for (const pod of ["never", "briefly"]) {
        const path = `${world.pods}/${pod}`;
        const left = ({ metadata }: { metadata?: { deletionTimestamp?: string } }) =>
          metadata?.deletionTimestamp !== undefined;
        await world.isSo(path, left, `${pod} to be sent away`);
      }
      assert.deepEqual([await isLeaving("long"), await isLeaving("always")], [false, false]);
      await world.patchNode("contract-b", { spec: { taints: null } });
      for (const pod of Object.keys(pods)) await world.removeNow(pod);
    });

    it("R8: taints a node that says that it is not ready, and frees it when it is again", async () => {
      const path = "/api/v1/nodes/contract-b";
      const effects = (found: { spec: { taints?: readonly { key: string; effect: string }[] } }) =>
        (found.spec.taints ?? [])
          .filter(({ key }) => key === "node.kubernetes.io/not-ready")
          .map(({ effect }) => effect)
          .sort()
          .join();
      await world.sayReady("contract-b", "False");
      const both = "NoExecute,NoSchedule";
      await world.isSo(path, (found) => effects(found) === both, "both taints");
      await world.create("kept-off", on("contract-b"));
      await world.refused("kept-off", /untolerated taint|not ready/);
      await world.sayReady("contract-b", "True");
      await world.isSo(path, (found) => effects(found) === "", "no taint");
      assert.equal(await world.bound("kept-off"), "contract-b");
      await world.removeNow("kept-off");
    });
  });
}
