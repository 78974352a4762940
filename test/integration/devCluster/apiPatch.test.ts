import assert from "node:assert/strict";
import { PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { podNamed, refusalOf, startApi, type ApiFixture } from "./apiFixture.ts";

const namespace = "default";

describe("dev-cluster API: patches", () => {
  let api: ApiFixture;
  before(async () => {
    api = await startApi();
  });
  after(() => api.stop());

  const as = (strategy: PatchStrategy) => setHeaderOptions("Content-Type", strategy);
  const patchPod = (name: string, body: object, strategy: PatchStrategy) =>
    api.core.patchNamespacedPod({ namespace, name, body }, as(strategy));
  const patchStatus = (name: string, body: object) =>
    api.core.patchNamespacedPodStatus(
      { namespace, name, body },
      as(PatchStrategy.StrategicMergePatch),
    );
  const create = (name: string) =>
    api.core.createNamespacedPod({
      namespace,
      body: podNamed(name, {
        schedulerName: "nobody",
        containers: [
          { name: "main", image: "one", env: [{ name: "A", value: "1" }] },
          { name: "side", image: "two" },
        ],
      }),
    });

  it("applies a JSON patch, and refuses one whose test fails", async () => {
    await create("json");
    const test = { op: "test", path: "/metadata/labels/app", value: "json" };
    const add = { op: "add", path: "/metadata/labels/a~1b", value: "c" };
    const pod = await patchPod("json", [test, add], PatchStrategy.JsonPatch);
    assert.deepEqual(pod.metadata?.labels, { app: "json", "a/b": "c" });
    const failing = [
      { ...test, value: "other" },
      { op: "remove", path: "/metadata/labels" },
    ];
    const refused = await refusalOf(patchPod("json", failing, PatchStrategy.JsonPatch));
    assert.equal(refused.code, 422);
    const after = await api.core.readNamespacedPod({ namespace, name: "json" });
    assert.deepEqual(after.metadata?.labels, { app: "json", "a/b": "c" });
  });

  it("applies a merge patch, in which null removes", async () => {
    await create("merge");
    const body = { metadata: { labels: { app: null, more: "yes" }, annotations: { note: "x" } } };
    const pod = await patchPod("merge", body, PatchStrategy.MergePatch);
    assert.deepEqual(pod.metadata?.labels, { more: "yes" });
    assert.deepEqual(pod.metadata.annotations, { note: "x" });
  });

  it("applies a strategic merge patch, in which containers and conditions are merged by key", async () => {
    await create("strategic");
    const spec = { containers: [{ name: "side", image: "three" }] };
    const pod = await patchPod("strategic", { spec }, PatchStrategy.StrategicMergePatch);
    const images = pod.spec?.containers.map(({ name, image }) => `${name}=${image ?? ""}`);
    assert.deepEqual(images, ["main=one", "side=three"]);
    assert.equal(pod.spec?.containers[0]?.env?.[0]?.value, "1");
    const ready = { type: "Ready", status: "False" };
    await patchStatus("strategic", { status: { conditions: [ready] } });
    const initialized = { type: "Initialized", status: "True" };
    await patchStatus("strategic", { status: { conditions: [initialized] } });
    const changed = await patchStatus("strategic", {
      status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
    });
    assert.deepEqual(
      changed.status?.conditions?.map(({ type, status }) => [type, status]),
      [
        ["Initialized", "True"],
        ["Ready", "True"],
      ],
    );
    assert.equal(changed.status.phase, "Running");
    assert.equal(changed.status.qosClass, "BestEffort");
  });

  it("R3: refuses a patch that names an older version", async () => {
    const old = await create("fenced");
    const body = { metadata: { labels: { first: "yes" } } };
    await patchPod("fenced", body, PatchStrategy.MergePatch);
    const resourceVersion = old.metadata?.resourceVersion;
    const late = { metadata: { resourceVersion, labels: { late: "yes" } } };
    const refused = await refusalOf(patchPod("fenced", late, PatchStrategy.MergePatch));
    assert.deepEqual([refused.code, refused.reason], [409, "Conflict"]);
  });

  it("refuses a change of an immutable field, and server-side apply", async () => {
    await create("fixed");
    const spec = { nodeSelector: { a: "b" } };
    const refused = await refusalOf(patchPod("fixed", { spec }, PatchStrategy.MergePatch));
    assert.deepEqual([refused.code, refused.reason], [422, "Invalid"]);
    assert.deepEqual(
      refused.causes.map((cause) => cause.field),
      ["spec"],
    );
    const apply = await refusalOf(
      api.core.patchNamespacedPod(
        { namespace, name: "fixed", body: {}, fieldManager: "test" },
        as(PatchStrategy.ServerSideApply),
      ),
    );
    assert.equal(apply.code, 415);
  });

  it("S3: refuses a patch that addresses a prototype", async () => {
    await create("hostile");
    const body = JSON.parse('[{"op":"add","path":"/__proto__/polluted","value":"yes"}]') as object;
    assert.equal((await refusalOf(patchPod("hostile", body, PatchStrategy.JsonPatch))).code, 422);
    assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  });
});
