import assert from "node:assert/strict";
import { startDevCluster } from "../../../dev-cluster/src/devCluster.ts";
import { makeTempDir } from "../../support/tempDir.ts";
import { waitFor } from "../../support/waitFor.ts";
import { startKubernetes } from "../support/kubernetes.ts";
import { rawApi } from "../support/rawApi.ts";
import { makeNamespace, SERVERS, type Server, type ServerName } from "./servers.ts";
import { watch, type Watching } from "./watches.ts";

interface List {
  readonly reason?: string;
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items?: readonly unknown[];
}

for (const name of SERVERS) {
  describe(`the contract of what is forgotten: ${name}`, () => {
    const path = "/api/v1/namespaces/forgotten/configmaps";
    let server: Server;
    const watches: Watching[] = [];
    before(async () => {
      server = await startForgetful(name);
      await makeNamespace(server, "forgotten");
    });
    after(async () => {
      for (const each of watches) each.stop();
      await (server as Server | undefined)?.stop();
    });

    let count = 0;
    /** Time passes by what happens. */
    const change = async () => {
      count += 1;
      const map = `passing-${String(count)}`;
      await server.api.expect("POST", path, { metadata: { name: map } });
      await server.api.expect("DELETE", `${path}/${map}`);
    };
    const patience = { timeoutMs: 30_000, intervalMs: 200 };

    it("R9: says 410 to a watch from a version that is forgotten, and ends it", async () => {
      const { metadata } = await server.api.expect<List>("GET", path);
      const { resourceVersion } = metadata;
      const expired = await waitFor(
        async () => {
          await change();
          const watching = await watch(server, path, { resourceVersion, timeoutSeconds: 1 });
          watches.push(watching);
          await waitFor(() => watching.isOver(), { describe: "its end" });
          return watching.events.some(({ type }) => type === "ERROR") && watching.events;
        },
        { ...patience, describe: "the version to be forgotten" },
      );
      assert.deepEqual(expired, [{ type: "ERROR", name: "", version: "", code: 410 }]);
    });

    it("R9: says 410 to the next page of a list that is forgotten, and a new list goes on", async () => {
      for (const map of ["a", "b", "c"])
        await server.api.expect("POST", path, { metadata: { name: map } });
      const first = await server.api.expect<List>("GET", `${path}?limit=1`);
      const token = encodeURIComponent(first.metadata.continue ?? "");
      const answer = await waitFor(
        async () => {
          await change();
          const next = await server.api.request<List>("GET", `${path}?limit=1&continue=${token}`);
          return next.status !== 200 && next;
        },
        { ...patience, describe: "the page to be forgotten" },
      );
      assert.deepEqual([answer.status, answer.body.reason], [410, "Expired"]);
      const again = await server.api.expect<List>("GET", `${path}?limit=2`);
      assert.equal(again.items?.length, 2);
    });
  });
}

/** One that keeps little of what was; a server of its own, as others would suffer from that. */
async function startForgetful(name: ServerName): Promise<Server> {
  if (name === "Kubernetes") {
    // Without the cache in front of it, which remembers for longer than the store.
    const apiServerArgs = ["--watch-cache=false", "--etcd-compaction-interval=1s"];
    const kubernetes = await startKubernetes({ apiServerArgs });
    const { admin: api, kubeconfigPath } = kubernetes;
    return { name, api, kubeconfigPath, stop: () => kubernetes.stop() };
  }
  const directory = await makeTempDir("forgetful");
  const cluster = await startDevCluster({ dataDir: directory.path, historyLength: 8 });
  return {
    name,
    api: rawApi(cluster),
    kubeconfigPath: cluster.kubeconfigPath,
    stop: async () => {
      await cluster.stop();
      await directory.remove();
    },
  };
}
