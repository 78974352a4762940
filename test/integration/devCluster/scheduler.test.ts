import assert from "node:assert/strict";
import { StorageV1Api, type V1PersistentVolume, type V1Pod } from "@kubernetes/client-node";
import { waitFor } from "../../support/waitFor.ts";
import { nodeNamed, podNamed, refusalOf, startApi, type ApiFixture } from "./apiFixture.ts";

const namespace = "default";
const requests = (amounts: Record<string, string>): Partial<V1Pod["spec"]> => ({
  containers: [{ name: "main", image: "x", resources: { requests: amounts, limits: amounts } }],
});

describe("dev-cluster scheduler", () => {
  let api: ApiFixture;
  beforeEach(async () => {
    api = await startApi();
  });
  afterEach(() => api.stop());

  const addNode = (...args: Parameters<typeof nodeNamed>) =>
    api.core.createNode({ body: nodeNamed(...args) });
  const create = (name: string, spec: Partial<V1Pod["spec"]> = {}) =>
    api.core.createNamespacedPod({ namespace, body: podNamed(name, spec) });
  const nodeOf = async (name: string) =>
    (await api.core.readNamespacedPod({ namespace, name })).spec?.nodeName ?? "";
  const bound = (name: string) => waitFor(() => nodeOf(name), { describe: `${name} to be bound` });
  const unschedulable = (name: string, message: RegExp) =>
    waitFor(
      async () => {
        const pod = await api.core.readNamespacedPod({ namespace, name });
        const condition = pod.status?.conditions?.find((each) => each.type === "PodScheduled");
        const isRefused = condition?.status === "False" && message.test(condition.message ?? "");
        const isUnbound = pod.spec?.nodeName === undefined;
        return isRefused && isUnbound && condition.reason === "Unschedulable";
      },
      { describe: `${name} to be unschedulable: ${String(message)}` },
    );

  it("never assigns a GPU twice, reports what is missing, and retries when GPUs become free", async () => {
    await addNode("gpu-a", 8);
    await create("first", requests({ "nvidia.com/gpu": "6" }));
    assert.equal(await bound("first"), "gpu-a");
    await create("second", requests({ "nvidia.com/gpu": "4" }));
    await unschedulable("second", /^0\/1 nodes are available: 1 Insufficient nvidia.com\/gpu\.$/);
    await api.core.deleteNamespacedPod({ namespace, name: "first", gracePeriodSeconds: 0 });
    assert.equal(await bound("second"), "gpu-a");
  });

  it("frees the capacity of a pod that is being deleted only when the pod is removed", async () => {
    await addNode("gpu-a", 8);
    await create("deleted", requests({ "nvidia.com/gpu": "8" }));
    await bound("deleted");
    await api.core.deleteNamespacedPod({ namespace, name: "deleted" });
    await create("waiting", requests({ "nvidia.com/gpu": "1" }));
    await unschedulable("waiting", /Insufficient nvidia.com\/gpu/);
    await api.core.deleteNamespacedPod({ namespace, name: "deleted", gracePeriodSeconds: 0 });
    assert.equal(await bound("waiting"), "gpu-a");
  });

  it("respects required affinity, selectors, taints and cordons", async () => {
    await addNode("plain");
    await addNode("fast", 0, { tier: "fast" });
    const nodeAffinity = (operator: string, values: string[]) => ({
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: "kubernetes.io/hostname", operator, values }] },
          ],
        },
      },
    });
    await create("in", { affinity: nodeAffinity("In", ["plain"]) });
    await create("not-in", { affinity: nodeAffinity("NotIn", ["plain"]) });
    await create("selector", { nodeSelector: { tier: "fast" } });
    await create("nowhere", { affinity: nodeAffinity("In", ["gone"]) });
    const nodes = await Promise.all(["in", "not-in", "selector"].map(bound));
    assert.deepEqual(nodes, ["plain", "fast", "fast"]);
    await unschedulable("nowhere", /2 node\(s\) didn't match Pod's node affinity\/selector/);

    const taint = { key: "special", value: "yes", effect: "NoSchedule" };
    const node = { ...nodeNamed("tainted"), spec: { taints: [taint] } };
    await api.core.createNode({ body: node });
    await create("intolerant", { nodeSelector: { "kubernetes.io/hostname": "tainted" } });
    await unschedulable("intolerant", /untolerated taint \{special: yes\}/);
    await create("tolerant", {
      nodeSelector: { "kubernetes.io/hostname": "tainted" },
      tolerations: [{ key: "special", operator: "Exists" }],
    });
    assert.equal(await bound("tolerant"), "tainted");

    const body = await api.core.readNode({ name: "plain" });
    await api.core.replaceNode({
      name: "plain",
      body: { ...body, spec: { ...body.spec, unschedulable: true } },
    });
    await create("cordoned", { affinity: nodeAffinity("In", ["plain"]) });
    await unschedulable("cordoned", /were unschedulable/);
  });

  it("binds a pod once, and only the pod with the given uid", async () => {
    await addNode("a");
    const pod = await create("once");
    await bound("once");
    const target = { name: "a", kind: "Node", apiVersion: "v1" };
    const bind = (metadata: object) =>
      api.core.createNamespacedPodBinding({ namespace, name: "once", body: { metadata, target } });
    assert.equal((await refusalOf(bind({ name: "once" }))).code, 409);
    assert.equal((await refusalOf(bind({ name: "once", uid: pod.metadata?.uid }))).code, 409);
  });

  it("selects a node for a late-bound claim, waits for the volume, and follows it afterwards", async () => {
    const zone = "topology.kubernetes.io/zone";
    await addNode("in-a", 0, { [zone]: "a" });
    const storage = api.kubeConfig.makeApiClient(StorageV1Api);
    const storageClass = { provisioner: "x", volumeBindingMode: "WaitForFirstConsumer" };
    await storage.createStorageClass({ body: { metadata: { name: "late" }, ...storageClass } });
    const claim = {
      metadata: { name: "disk" },
      spec: {
        accessModes: ["ReadWriteOncePod"],
        storageClassName: "late",
        resources: { requests: { storage: "1Gi" } },
      },
    };
    await api.core.createNamespacedPersistentVolumeClaim({ namespace, body: claim });
    const volumes = [{ name: "disk", persistentVolumeClaim: { claimName: "disk" } }];
    await create("user", { volumes });
    const selected = await waitFor(
      async () => {
        const read = await api.core.readNamespacedPersistentVolumeClaim({
          namespace,
          name: "disk",
        });
        const node = read.metadata?.annotations?.["volume.kubernetes.io/selected-node"];
        return node === undefined ? undefined : read;
      },
      { describe: "the selected node" },
    );
    assert.equal(await nodeOf("user"), "");
    await api.core.createPersistentVolume({ body: volumeIn(zone, "a") });
    const spec = { ...claim.spec, ...selected.spec, volumeName: "volume" };
    const body = { ...selected, spec };
    await api.core.replaceNamespacedPersistentVolumeClaim({ namespace, name: "disk", body });
    const now = await api.core.readNamespacedPersistentVolumeClaim({ namespace, name: "disk" });
    await api.core.replaceNamespacedPersistentVolumeClaimStatus({
      namespace,
      name: "disk",
      body: { ...now, status: { phase: "Bound" } },
    });
    assert.equal(await bound("user"), "in-a");

    await addNode("in-b", 0, { [zone]: "b" });
    await create("second", { volumes });
    await unschedulable("second", /ReadWriteOncePod access mode/);
    await api.core.deleteNamespacedPod({ namespace, name: "user", gracePeriodSeconds: 0 });
    assert.equal(await bound("second"), "in-a");
  });
});

function volumeIn(key: string, value: string): V1PersistentVolume {
  const terms = [{ matchExpressions: [{ key, operator: "In", values: [value] }] }];
  return {
    metadata: { name: "volume" },
    spec: {
      accessModes: ["ReadWriteOncePod"],
      capacity: { storage: "1Gi" },
      hostPath: { path: "/nowhere" },
      nodeAffinity: { required: { nodeSelectorTerms: terms } },
    },
  };
}
