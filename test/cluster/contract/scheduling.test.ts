import assert from "node:assert/strict";
import { ClusterFixture, HOST } from "./clusterFixture.ts";
import { SERVERS } from "./servers.ts";
import { MERGE } from "./steps.ts";

for (const name of SERVERS) {
  describe(`contract of scheduling: ${name}`, () => {
    let fixture: ClusterFixture;
    before(async () => {
      fixture = await ClusterFixture.start(name, "scheduled");
      await fixture.addNode("contract-a", 8);
      await fixture.addNode("contract-b");
    });
    after(() => (fixture as ClusterFixture | undefined)?.stop());

    const on = (node: string) => ({ nodeSelector: { [HOST]: node } });
    const byAffinity = (...values: string[]) => {
      const matchExpressions = [{ key: HOST, operator: "In", values }];
      const required = { nodeSelectorTerms: [{ matchExpressions }] };
      return {
        affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } },
      };
    };
    const isDeleted = async (pod: string) =>
      (await fixture.read(`${fixture.pods}/${pod}`)).body.metadata.deletionTimestamp !== undefined;

    it("never assigns a GPU twice, and assigns it again when the pod is removed", async () => {
      await fixture.create("first", on("contract-a"), 6);
      assert.equal(await fixture.bound("first"), "contract-a");
      await fixture.create("second", on("contract-a"), 4);
      await fixture.unschedulable("second", /Insufficient nvidia\.com\/gpu/);
      await fixture.removeNow("first");
      assert.equal(await fixture.bound("second"), "contract-a");
      await fixture.removeNow("second");
    });

    it("keeps the GPUs of a pod that is being deleted until the pod is removed", async () => {
      await fixture.create("deleted", {}, 8);
      await fixture.bound("deleted");
      await fixture.server.api.expect("DELETE", `${fixture.pods}/deleted`);
      await fixture.create("waiting", {}, 1);
      await fixture.unschedulable("waiting", /Insufficient nvidia\.com\/gpu/);
      await fixture.removeNow("deleted");
      assert.equal(await fixture.bound("waiting"), "contract-a");
      await fixture.removeNow("waiting");
    });

    it("binds a pod to the node that its affinity requires, and to no other", async () => {
      for (const node of ["contract-b", "contract-a"]) {
        await fixture.create(`to-${node}`, byAffinity(node, "contract-none"));
        assert.equal(await fixture.bound(`to-${node}`), node);
        await fixture.removeNow(`to-${node}`);
      }
      await fixture.create("elsewhere", byAffinity("contract-none"));
      await fixture.unschedulable("elsewhere", /didn't match Pod's node affinity\/selector/);
      await fixture.removeNow("elsewhere");
    });

    it("respects a cordon", async () => {
      const cordon = (unschedulable: boolean) => {
        const body = { spec: { unschedulable } };
        return fixture.server.api.expect("PATCH", "/api/v1/nodes/contract-a", body, MERGE);
      };
      await cordon(true);
      await fixture.create("cordoned", on("contract-a"));
      await fixture.unschedulable("cordoned", /unschedulable/);
      await cordon(false);
      assert.equal(await fixture.bound("cordoned"), "contract-a");
      await fixture.removeNow("cordoned");
    });

    it("keeps pods without a toleration off a tainted node", async () => {
      const taint = { key: "example.org/special", value: "yes", effect: "NoSchedule" };
      await fixture.addNode("contract-tainted", 0, { taints: [taint] });
      await fixture.create("intolerant", on("contract-tainted"));
      await fixture.unschedulable("intolerant", /untolerated taint/);
      const { key } = taint;
      const wrong = [{ key, value: "no", effect: "NoSchedule" }];
      await fixture.create("mismatched", { ...on("contract-tainted"), tolerations: wrong });
      await fixture.unschedulable("mismatched", /untolerated taint/);
      for (const [pod, toleration] of Object.entries({
        "by-value": { key, value: "yes", effect: "NoSchedule" },
        "by-key": { key, operator: "Exists" },
        "of-all": { operator: "Exists" },
      })) {
        await fixture.create(pod, { ...on("contract-tainted"), tolerations: [toleration] });
        assert.equal(await fixture.bound(pod), "contract-tainted");
      }
      for (const pod of ["intolerant", "mismatched", "by-value", "by-key", "of-all"])
        await fixture.removeNow(pod);
    });

    it("R8: evicts pods that do not tolerate a node's taint, at once or after their seconds", async () => {
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
        await fixture.create(pod, { ...on("contract-b"), tolerations: each });
        await fixture.bound(pod);
      }
      await fixture.patchNode("contract-b", { spec: { taints: [{ key, effect: "NoExecute" }] } });
      for (const pod of ["never", "briefly"]) {
        const path = `${fixture.pods}/${pod}`;
        const isEvicted = ({ metadata }: { metadata?: { deletionTimestamp?: string } }) =>
          metadata?.deletionTimestamp !== undefined;
        await fixture.becomes(path, isEvicted, `${pod} to be evicted`);
      }
      assert.deepEqual([await isDeleted("long"), await isDeleted("always")], [false, false]);
      await fixture.patchNode("contract-b", { spec: { taints: null } });
      for (const pod of Object.keys(pods)) await fixture.removeNow(pod);
    });

    it("R8: taints a node that reports not to be ready, and removes the taints when it is", async () => {
      const path = "/api/v1/nodes/contract-b";
      const effects = (found: { spec: { taints?: readonly { key: string; effect: string }[] } }) =>
        (found.spec.taints ?? [])
          .filter(({ key }) => key === "node.kubernetes.io/not-ready")
          .map(({ effect }) => effect)
          .sort()
          .join();
      await fixture.reportReady("contract-b", "False");
      const both = "NoExecute,NoSchedule";
      await fixture.becomes(path, (found) => effects(found) === both, "both taints");
      await fixture.create("kept-off", on("contract-b"));
      await fixture.unschedulable("kept-off", /untolerated taint|not ready/);
      await fixture.reportReady("contract-b", "True");
      await fixture.becomes(path, (found) => effects(found) === "", "no taint");
      assert.equal(await fixture.bound("kept-off"), "contract-b");
      await fixture.removeNow("kept-off");
    });
  });
}
