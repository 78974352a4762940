import assert from "node:assert/strict";
import { podNamed, refusalOf, startApi, type ApiFixture } from "./apiFixture.ts";

const namespace = "default";

describe("dev-cluster API: objects", () => {
  let api: ApiFixture;
  before(async () => {
    api = await startApi();
  });
  after(() => api.stop());

  it("creates objects with uid, version, time and the defaults that clients rely on", async () => {
    const pod = await api.core.createNamespacedPod({ namespace, body: podNamed("defaults") });
    assert.match(pod.metadata?.uid ?? "", /^[0-9a-f-]{36}$/);
    assert.ok(Number(pod.metadata?.resourceVersion) > 0);
    assert.ok(pod.metadata?.creationTimestamp instanceof Date);
    assert.equal(pod.spec?.restartPolicy, "Always");
    assert.equal(pod.spec.terminationGracePeriodSeconds, 30);
    assert.equal(pod.spec.dnsPolicy, "ClusterFirst");
    assert.equal(pod.spec.containers[0]?.imagePullPolicy, "Always");
    assert.equal(pod.status?.phase, "Pending");
    assert.equal(pod.status.qosClass, "BestEffort");
    const read = await api.core.readNamespacedPod({ namespace, name: "defaults" });
    assert.equal(read.metadata?.uid, pod.metadata.uid);
  });

  it("generates names, refuses a duplicate name and an unknown namespace", async () => {
    const body = { metadata: { generateName: "made-" } };
    const first = await api.core.createNamespacedConfigMap({ namespace, body });
    const second = await api.core.createNamespacedConfigMap({ namespace, body });
    assert.match(first.metadata?.name ?? "", /^made-[a-z0-9]{5}$/);
    assert.notEqual(first.metadata?.name, second.metadata?.name);
    const again = { metadata: { name: first.metadata?.name ?? "" } };
    const twice = await refusalOf(api.core.createNamespacedConfigMap({ namespace, body: again }));
    assert.deepEqual([twice.code, twice.reason], [409, "AlreadyExists"]);
    const lost = await refusalOf(
      api.core.createNamespacedConfigMap({ namespace: "nowhere", body: again }),
    );
    assert.deepEqual([lost.code, lost.reason], [404, "NotFound"]);
    assert.match(lost.message, /namespaces "nowhere" not found/);
  });

  it("refuses an update of an older version, and writes nothing if nothing changes", async () => {
    const name = "versions";
    const first = await api.core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name }, data: { a: "1" } },
    });
    const body = { ...first, data: { a: "2" } };
    const second = await api.core.replaceNamespacedConfigMap({ namespace, name, body });
    const late = await refusalOf(
      api.core.replaceNamespacedConfigMap({ namespace, name, body: { ...first, data: {} } }),
    );
    assert.deepEqual([late.code, late.reason], [409, "Conflict"]);
    const same = await api.core.replaceNamespacedConfigMap({ namespace, name, body: second });
    assert.equal(same.metadata?.resourceVersion, second.metadata?.resourceVersion);
    assert.deepEqual((await api.core.readNamespacedConfigMap({ namespace, name })).data, {
      a: "2",
    });
  });

  it("R18: deletes only the object with the given uid and version", async () => {
    const name = "preconditions";
    const body = { metadata: { name } };
    const created = await api.core.createNamespacedConfigMap({ namespace, body });
    const remove = (preconditions: { uid?: string; resourceVersion?: string }) =>
      api.core.deleteNamespacedConfigMap({ namespace, name, body: { preconditions } });
    const other = await refusalOf(remove({ uid: "00000000-0000-4000-8000-000000000000" }));
    assert.deepEqual([other.code, other.reason], [409, "Conflict"]);
    assert.equal((await refusalOf(remove({ resourceVersion: "1" }))).code, 409);
    await remove({ uid: created.metadata?.uid ?? "" });
    assert.equal((await refusalOf(remove({}))).code, 404);
  });

  it("keeps a deleted object until its last finalizer is removed", async () => {
    const name = "finalized";
    const body = { metadata: { name, finalizers: ["example.org/hold"] } };
    await api.core.createNamespacedConfigMap({ namespace, body });
    await api.core.deleteNamespacedConfigMap({ namespace, name });
    const held = await api.core.readNamespacedConfigMap({ namespace, name });
    assert.ok(held.metadata?.deletionTimestamp instanceof Date);
    await api.core.replaceNamespacedConfigMap({
      namespace,
      name,
      body: { ...held, metadata: { ...held.metadata, finalizers: [] } },
    });
    assert.equal(
      (await refusalOf(api.core.readNamespacedConfigMap({ namespace, name }))).code,
      404,
    );
  });

  it("selects by labels and fields, and pages without losing or repeating an object", async () => {
    for (const index of [1, 2, 3, 4, 5, 6, 7]) {
      const labels = { page: "yes", parity: index % 2 === 0 ? "even" : "odd" };
      const body = podNamed(`page-${String(index)}`);
      await api.core.createNamespacedPod({
        namespace,
        body: { ...body, metadata: { ...body.metadata, labels } },
      });
    }
    const names = async (labelSelector: string, fieldSelector = "") => {
      const list = await api.core.listNamespacedPod({ namespace, labelSelector, fieldSelector });
      return list.items.map((pod) => pod.metadata?.name);
    };
    assert.deepEqual(await names("parity in (even),page"), ["page-2", "page-4", "page-6"]);
    assert.deepEqual(await names("page=yes,parity!=even", "metadata.name=page-3"), ["page-3"]);
    assert.deepEqual(await names("page=yes", "status.phase!=Pending"), []);
    assert.equal((await names("page=yes", "spec.nodeName=")).length, 7);
    assert.equal((await refusalOf(names("page=yes", "spec.hostname=x"))).code, 400);
    const paged: (string | undefined)[] = [];
    let _continue: string | undefined;
    do {
      const list = await api.core.listNamespacedPod({
        namespace,
        labelSelector: "page=yes",
        limit: 3,
        ...(_continue === undefined ? {} : { _continue }),
      });
      assert.ok(list.items.length <= 3);
      paged.push(...list.items.map((pod) => pod.metadata?.name));
      _continue = list.metadata?._continue;
    } while (_continue !== undefined && _continue !== "");
    assert.deepEqual(paged, ["page-1", "page-2", "page-3", "page-4", "page-5", "page-6", "page-7"]);
    await api.core.deleteCollectionNamespacedPod({ namespace, labelSelector: "page=yes" });
    assert.deepEqual(await names("page=yes"), []);
  });

  it("writes the status only by its own path, and the spec only by the other", async () => {
    const name = "status";
    // Without a scheduler name of ours, so that no other writer changes the pod.
    const template = podNamed(name, { schedulerName: "nobody" });
    const pod = await api.core.createNamespacedPod({ namespace, body: template });
    const withStatus = { ...pod, status: { phase: "Running" } };
    const same = await api.core.replaceNamespacedPod({ namespace, name, body: withStatus });
    assert.equal(same.status?.phase, "Pending");
    const spec = { ...same.spec, containers: [{ name: "main", image: "other" }] };
    const body = { ...same, spec, status: { phase: "Running" } };
    const next = await api.core.replaceNamespacedPodStatus({ namespace, name, body });
    assert.equal(next.status?.phase, "Running");
    assert.equal(next.spec?.containers[0]?.image, "example/pause");
    assert.equal(next.metadata?.generation, 1);
  });
});
