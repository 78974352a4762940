import assert from "node:assert/strict";
import { CoordinationV1Api, PolicyV1Api, V1MicroTime } from "@kubernetes/client-node";
import { waitFor } from "../../support/waitFor.ts";
import { nodeNamed, podNamed, refusalOf, startApi, type ApiFixture } from "./apiFixture.ts";

const namespace = "default";

describe("dev-cluster controllers", () => {
  let api: ApiFixture;
  beforeEach(async () => {
    api = await startApi({ nodeLeaseMs: 300, orphanMs: 200 });
  });
  afterEach(() => api.stop());

  const isGone = async (call: Promise<unknown>) =>
    call.then(
      () => false,
      (error: unknown) => (error as { code?: number }).code === 404,
    );
  const configMap = (name: string, uid?: string) => {
    const owner = { apiVersion: "v1", kind: "ConfigMap", name: "owner", uid: uid ?? "" };
    const metadata = { name, ...(uid === undefined ? {} : { ownerReferences: [owner] }) };
    return api.core.createNamespacedConfigMap({ namespace, body: { metadata } });
  };
  const read = (name: string) => api.core.readNamespacedConfigMap({ namespace, name });
  const boundPod = async (name: string, seconds: number) => {
    const tolerations = ["unreachable", "not-ready"].map((each) => ({
      key: `node.kubernetes.io/${each}`,
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: seconds,
    }));
    await api.core.createNamespacedPod({ namespace, body: podNamed(name, { tolerations }) });
    await waitFor(
      async () => (await api.core.readNamespacedPod({ namespace, name })).spec?.nodeName,
      { describe: `${name} to be bound` },
    );
  };

  it("deletes objects that lost their last owner, by uid, and keeps orphaned ones", async () => {
    const owner = await configMap("owner");
    const uid = owner.metadata?.uid ?? "";
    await configMap("owned", uid);
    await configMap("free");
    await configMap("of-another-life", "00000000-0000-4000-8000-000000000000");
    await waitFor(() => isGone(read("of-another-life")), { describe: "the stale dependent to go" });
    await api.core.deleteNamespacedConfigMap({ namespace, name: "owner" });
    await waitFor(() => isGone(read("owned")), { describe: "the dependent to go" });
    assert.equal((await read("free")).metadata?.name, "free");

    const second = await configMap("owner");
    await configMap("orphan", second.metadata?.uid);
    const body = { propagationPolicy: "Orphan" };
    await api.core.deleteNamespacedConfigMap({ namespace, name: "owner", body });
    assert.equal((await read("orphan")).metadata?.ownerReferences?.length ?? 0, 0);
  });

  it("empties a deleted namespace, refuses new objects, then removes it", async () => {
    const name = "short-lived";
    await api.core.createNamespace({ body: { metadata: { name } } });
    const held = { name: "held", finalizers: ["example.org/hold"] };
    const made = await api.core.createNamespacedConfigMap({
      namespace: name,
      body: { metadata: held },
    });
    await api.core.deleteNamespace({ name });
    const body = { metadata: { name: "late" } };
    const late = await refusalOf(api.core.createNamespacedConfigMap({ namespace: name, body }));
    assert.deepEqual([late.code, late.reason], [403, "Forbidden"]);
    assert.equal((await api.core.readNamespace({ name })).status?.phase, "Terminating");
    const freed = { ...made, metadata: { ...made.metadata, finalizers: [], resourceVersion: "" } };
    await api.core.replaceNamespacedConfigMap({ namespace: name, name: "held", body: freed });
    await waitFor(() => isGone(api.core.readNamespace({ name })), {
      describe: "the namespace to go",
    });
  });

  it("D7: keeps a deleted claim while a pod uses it", async () => {
    await api.core.createNode({ body: nodeNamed("a") });
    const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
    const claim = { metadata: { name: "disk" }, spec };
    await api.core.createNamespacedPersistentVolumeClaim({ namespace, body: claim });
    const volumes = [{ name: "disk", persistentVolumeClaim: { claimName: "disk" } }];
    await api.core.createNamespacedPod({
      namespace,
      body: podNamed("user", { volumes, schedulerName: "nobody" }),
    });
    const target = { name: "a" };
    const body = { metadata: { name: "user" }, target };
    await api.core.createNamespacedPodBinding({ namespace, name: "user", body });
    const deletion = { namespace, name: "disk" };
    await api.core.deleteNamespacedPersistentVolumeClaim(deletion);
    const held = await api.core.readNamespacedPersistentVolumeClaim(deletion);
    assert.ok(held.metadata?.deletionTimestamp instanceof Date);
    await api.core.deleteNamespacedPod({ namespace, name: "user", gracePeriodSeconds: 0 });
    await waitFor(() => isGone(api.core.readNamespacedPersistentVolumeClaim(deletion)), {
      describe: "the claim to go",
    });
  });

  it("R8: marks a silent node as unreachable, and evicts its pods after their toleration", async () => {
    const leases = api.kubeConfig.makeApiClient(CoordinationV1Api);
    const renew = (name: string) =>
      leases.createNamespacedLease({
        namespace: "kube-node-lease",
        body: { metadata: { name }, spec: { renewTime: new V1MicroTime(new Date(2100, 1)) } },
      });
    await api.core.createNode({ body: nodeNamed("alive", 0, { which: "alive" }) });
    await renew("alive");
    await boundPod("safe", 0);
    await api.core.createNode({ body: { ...nodeNamed("silent"), metadata: { name: "silent" } } });
    await waitFor(
      async () => {
        const node = await api.core.readNode({ name: "silent" });
        const ready = node.status?.conditions?.find((each) => each.type === "Ready");
        const taints = node.spec?.taints?.map((each) => `${each.key}:${each.effect}`) ?? [];
        return (
          ready?.status === "Unknown" && taints.includes("node.kubernetes.io/unreachable:NoExecute")
        );
      },
      { describe: "the node to be unreachable" },
    );
    for (const [name, seconds] of [
      ["long", 300],
      ["short", 0],
    ] as const) {
      const tolerations = [{ operator: "Exists", tolerationSeconds: seconds, effect: "NoExecute" }];
      const body = podNamed(name, { schedulerName: "nobody", tolerations });
      await api.core.createNamespacedPod({ namespace, body });
      const binding = { metadata: { name }, target: { name: "silent" } };
      await api.core.createNamespacedPodBinding({ namespace, name, body: binding });
    }
    // An unreachable node cannot confirm the end: the pod stays, being deleted.
    const deleted = async (name: string) =>
      (await api.core.readNamespacedPod({ namespace, name })).metadata?.deletionTimestamp;
    await waitFor(() => deleted("short"), { describe: "the eviction" });
    assert.equal(await deleted("long"), undefined);
    assert.equal(await deleted("safe"), undefined);
    await api.core.deleteNode({ name: "silent" });
    await waitFor(() => isGone(api.core.readNamespacedPod({ namespace, name: "long" })), {
      describe: "the pods of the deleted node to go",
    });
    assert.equal(await deleted("safe"), undefined);
  });

  it("refuses an eviction that a disruption budget forbids", async () => {
    await api.core.createNode({ body: nodeNamed("a") });
    await boundPod("kept", 300);
    const now = await api.core.readNamespacedPod({ namespace, name: "kept" });
    const conditions = [{ type: "Ready", status: "True" }];
    const status = { phase: "Running", conditions };
    await api.core.replaceNamespacedPodStatus({
      namespace,
      name: "kept",
      body: { ...now, status },
    });
    const policy = api.kubeConfig.makeApiClient(PolicyV1Api);
    const spec = { minAvailable: 1, selector: { matchLabels: { app: "kept" } } };
    await policy.createNamespacedPodDisruptionBudget({
      namespace,
      body: { metadata: { name: "budget" }, spec },
    });
    const body = { metadata: { name: "kept" } };
    const evict = () => api.core.createNamespacedPodEviction({ namespace, name: "kept", body });
    const refused = await refusalOf(evict());
    assert.deepEqual([refused.code, refused.reason], [429, "TooManyRequests"]);
    await policy.deleteNamespacedPodDisruptionBudget({ namespace, name: "budget" });
    await evict();
    const after = await api.core.readNamespacedPod({ namespace, name: "kept" });
    assert.ok(after.metadata?.deletionTimestamp instanceof Date);
  });
});
