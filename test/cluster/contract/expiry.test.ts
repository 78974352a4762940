import assert from "node:assert/strict";
import { Second } from "@gpu-dev/shared/durations.ts";
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
  describe(`contract of expired versions: ${name}`, () => {
    const path = "/api/v1/namespaces/forgotten/configmaps";
    let server: Server;
    const watches: Watching[] = [];
    before(async () => {
      server = await startWithShortHistory(name);
      await makeNamespace(server, "forgotten");
    });
    after(async () => {
      for (const watching of watches) watching.stop();
      await (server as Server | undefined)?.stop();
    });

    let count = 0;
    /** Advances the history, which makes older versions expire. */
    const change = async () => {
      count += 1;
      const map = `passing-${String(count)}`;
      await server.api.expect("POST", path, { metadata: { name: map } });
      await server.api.expect("DELETE", `${path}/${map}`);
    };
    const waiting = { timeoutMs: 30 * Second.ms, intervalMs: 200 };

    it("R9: reports 410 to a watch from an expired version, and ends it", async () => {
      const { metadata } = await server.api.expect<List>("GET", path);
      const { resourceVersion } = metadata;
      const expired = await waitFor(
        async () => {
          await change();
          const watching = await watch(server, path, { resourceVersion, timeoutSeconds: 1 });
          watches.push(watching);
          await waitFor(() => watching.hasEnded(), { describe: "the end of the watch" });
          return watching.events.some(({ type }) => type === "ERROR") && watching.events;
        },
        { ...waiting, describe: "the version to expire" },
      );
      assert.deepEqual(expired, [{ type: "ERROR", name: "", version: "", code: 410 }]);
    });

    it("R9: reports 410 for the next page of an expired list; a new list works", async () => {
      for (const map of ["a", "b", "c"])
        await server.api.expect("POST", path, { metadata: { name: map } });
      const first = await server.api.expect<List>("GET", `${path}?limit=1`);
      const token = encodeURIComponent(first.metadata.continue ?? "");
      const response = await waitFor(
        async () => {
          await change();
          const next = await server.api.request<List>("GET", `${path}?limit=1&continue=${token}`);
          return next.status !== 200 && next;
        },
        { ...waiting, describe: "the page to expire" },
      );
      assert.deepEqual([response.status, response.body.reason], [410, "Expired"]);
      const restarted = await server.api.expect<List>("GET", `${path}?limit=2`);
      assert.equal(restarted.items?.length, 2);
    });
  });
}

/** A server with a short history; separate from the shared one, whose other tests need more. */
async function startWithShortHistory(name: ServerName): Promise<Server> {
  if (name === "Kubernetes") {
    // Without the watch cache, which keeps more than the store.
    const apiServerArgs = ["--watch-cache=false", "--etcd-compaction-interval=1s"];
    const kubernetes = await startKubernetes({ apiServerArgs });
    const { admin: api, kubeconfigPath } = kubernetes;
    return { name, api, kubeconfigPath, stop: () => kubernetes.stop() };
  }
  const directory = await makeTempDir("short-history");
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
