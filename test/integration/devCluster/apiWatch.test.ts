import assert from "node:assert/strict";
import { makeInformer } from "@kubernetes/client-node";
import { waitFor } from "../../support/waitFor.ts";
import { podNamed, startApi, watchAll, type ApiFixture } from "./apiFixture.ts";

const namespace = "default";
const path = "/api/v1/namespaces/default/configmaps";

describe("dev-cluster API: watches", () => {
  let api: ApiFixture;
  before(async () => {
    api = await startApi({ historyLength: 40, bookmarkMs: 100 });
  });
  after(() => api.stop());

  const create = (name: string, labels: Record<string, string> = {}) =>
    api.core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels } } });
  const remove = (name: string) => api.core.deleteNamespacedConfigMap({ namespace, name });
  const version = async () => {
    const list = await api.core.listNamespacedConfigMap({ namespace });
    return list.metadata?.resourceVersion ?? "";
  };

  it("sends each change once and in order, from the version of a list", async () => {
    await create("before");
    const seen = await watchAll(api, path, { resourceVersion: await version() });
    const created = await create("watched");
    const body = { ...created, data: { a: "1" } };
    await api.core.replaceNamespacedConfigMap({ namespace, name: "watched", body });
    await remove("watched");
    await waitFor(() => seen.events.length === 3, { describe: "three events" });
    const changes = seen.events.map(({ type, name }) => `${type} ${name}`);
    assert.deepEqual(changes, ["ADDED watched", "MODIFIED watched", "DELETED watched"]);
    const versions = seen.events.map((event) => Number(event.version));
    assert.deepEqual(
      versions,
      versions.toSorted((a, b) => a - b),
    );
    seen.abort();
  });

  it("begins with the existing objects if no version is named", async () => {
    await create("present");
    const query = { fieldSelector: "metadata.name=present" };
    const seen = await watchAll(api, path, query);
    await waitFor(() => seen.events.length > 0, { describe: "the existing object" });
    assert.deepEqual(
      seen.events.map(({ type, name }) => [type, name]),
      [["ADDED", "present"]],
    );
    seen.abort();
  });

  it("R9: resumes after a cut without losing a change", async () => {
    const first = await watchAll(api, path, { resourceVersion: await version() });
    await create("resume-1");
    await waitFor(() => first.events.length === 1, { describe: "the first change" });
    api.cluster.faults.requests.add({ id: "cut", match: {}, effect: { dropWatches: true } });
    await waitFor(() => first.ended, { describe: "the watch to be cut" });
    await create("resume-2");
    await remove("resume-1");
    const resourceVersion = first.events.at(-1)?.version ?? "";
    const second = await watchAll(api, path, { resourceVersion });
    await waitFor(() => second.events.length === 2, { describe: "the missed changes" });
    const changes = second.events.map(({ type, name }) => `${type} ${name}`);
    assert.deepEqual(changes, ["ADDED resume-2", "DELETED resume-1"]);
    second.abort();
  });

  it("R9: reports 410 for an expired version, and ends", async () => {
    const old = await version();
    for (let index = 0; index < 60; index += 1) {
      const created = await create(`many-${String(index)}`);
      await remove(created.metadata?.name ?? "");
    }
    const seen = await watchAll(api, path, { resourceVersion: old });
    await waitFor(() => seen.ended, { describe: "the watch to end" });
    assert.deepEqual(seen.events, [{ type: "ERROR", name: "", version: "", code: 410 }]);
  });

  it("sends bookmarks with the newest version only to clients that request them", async () => {
    const resourceVersion = await version();
    const marked = await watchAll(api, path, { resourceVersion, allowWatchBookmarks: true });
    const plain = await watchAll(api, path, { resourceVersion });
    // A change of another kind raises the version; only a bookmark shows that in this watch.
    const secret = { metadata: { name: "elsewhere" } };
    const created = await api.core.createNamespacedSecret({ namespace, body: secret });
    await waitFor(
      () =>
        marked.events.some(
          ({ type, version: at }) =>
            type === "BOOKMARK" && Number(at) >= Number(created.metadata?.resourceVersion),
        ),
      { describe: "a bookmark" },
    );
    assert.deepEqual(plain.events, []);
    marked.abort();
    plain.abort();
  });

  it("shows an object that enters or leaves a selection as added or deleted", async () => {
    const resourceVersion = await version();
    const seen = await watchAll(api, path, { resourceVersion, labelSelector: "on=yes" });
    const created = await create("moving");
    const label = async (labels: Record<string, string>) => {
      const body = { metadata: { name: "moving", labels } };
      await api.core.replaceNamespacedConfigMap({ namespace, name: "moving", body });
    };
    await label({ on: "yes" });
    await label({ on: "no" });
    await waitFor(() => seen.events.length === 2, { describe: "both changes" });
    assert.deepEqual(
      seen.events.map((event) => event.type),
      ["ADDED", "DELETED"],
    );
    assert.ok(Number(seen.events[1]?.version) > Number(created.metadata?.resourceVersion));
    seen.abort();
  });

  it("ends after timeoutSeconds", async () => {
    const seen = await watchAll(api, path, { timeoutSeconds: 1 });
    await waitFor(() => seen.ended, { describe: "the end" });
    assert.equal(seen.error, null);
  });

  it("R9: the standard informer stays correct across cuts, 410 and a restart", async () => {
    const list = () => api.core.listNamespacedPod({ namespace });
    const informer = makeInformer(api.kubeConfig, "/api/v1/namespaces/default/pods", list);
    // A stop also ends the watch with an error: restarting it then would never end.
    const restart = (): void => {
      void informer.start();
    };
    informer.on("error", restart);
    try {
      await informer.start();
      const names = () => informer.list(namespace).map((pod) => pod.metadata?.name);
      await api.core.createNamespacedPod({ namespace, body: podNamed("first") });
      await waitFor(() => names().includes("first"), { describe: "the pod" });
      const match = { resource: "pods", verb: "watch" };
      api.cluster.faults.requests.add({ id: "gone", match, effect: { gone: true }, count: 1 });
      await api.core.deleteNamespacedPod({ namespace, name: "first" });
      await api.core.createNamespacedPod({ namespace, body: podNamed("second") });
      await waitFor(() => names().join() === "second", { describe: "only the second pod" });
    } finally {
      informer.off("error", restart);
      await informer.stop();
    }
  });
});
