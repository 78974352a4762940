import assert from "node:assert/strict";
import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { DataDirectoryInUseError } from "../../../dev-cluster/src/store/objectFile.ts";
import { startDevCluster } from "../../../dev-cluster/src/devCluster.ts";
import { waitFor } from "../../support/waitFor.ts";
import { makeTempDir, type TempDir } from "../../support/tempDir.ts";
import { startApi, watchAll } from "./apiFixture.ts";
import { runServer, startServer, type ServerProcess } from "./apiProcess.ts";

const namespace = "default";

describe("dev-cluster API: restarts", () => {
  let directory: TempDir;
  const started: ServerProcess[] = [];
  beforeEach(async () => {
    directory = await makeTempDir("dev-cluster");
  });
  afterEach(async () => {
    for (const server of started.splice(0)) await server.end("SIGKILL");
    await directory.remove();
  });
  const start = async (...more: string[]) => {
    const server = await startServer(directory.path, more);
    started.push(server);
    return server;
  };

  const clientOf = ({ kubeconfig }: ServerProcess) => {
    const config = new KubeConfig();
    config.loadFromFile(kubeconfig);
    return config.makeApiClient(CoreV1Api);
  };

  it("R4: a SIGKILL loses no acknowledged write", async () => {
    const first = await start();
    const core = clientOf(first);
    const versions: string[] = [];
    for (let index = 0; index < 50; index += 1) {
      const body = { metadata: { name: `kept-${String(index)}` }, data: { index: String(index) } };
      const made = await core.createNamespacedConfigMap({ namespace, body });
      versions.push(made.metadata?.resourceVersion ?? "");
    }
    await core.deleteNamespacedConfigMap({ namespace, name: "kept-0" });
    await first.end("SIGKILL");
    const again = clientOf(await start());
    const list = await again.listNamespacedConfigMap({ namespace });
    assert.equal(list.items.length, 49);
    for (const { metadata, data } of list.items) {
      assert.equal(metadata?.resourceVersion, versions[Number(data?.["index"])]);
    }
    // The removal was the last write; its version must not be assigned again.
    const next = await again.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: "kept-0" } },
    });
    assert.ok(Number(next.metadata?.resourceVersion) > Number(versions.at(-1)) + 1);
  });

  it("R9: a watch from before the restart receives 410", async () => {
    const api = await startApi();
    try {
      const old = await api.core.listNamespacedConfigMap({ namespace });
      await api.core.createNamespacedConfigMap({
        namespace,
        body: { metadata: { name: "later" } },
      });
      await api.restart();
      const seen = await watchAll(api, "/api/v1/namespaces/default/configmaps", {
        resourceVersion: old.metadata?.resourceVersion ?? "",
      });
      await waitFor(() => seen.ended, { describe: "the end of the watch" });
      assert.deepEqual(
        seen.events.map(({ type, code }) => [type, code]),
        [["ERROR", 410]],
      );
    } finally {
      await api.stop();
    }
  });

  it("refuses a second process on the same data with one sentence and code 3", async () => {
    await start();
    const second = await runServer(directory.path);
    assert.equal(second.code, 3);
    assert.match(second.stderr, /^Another dev cluster already uses .+--data\.\n$/);
    await assert.rejects(startDevCluster({ dataDir: directory.path }), DataDirectoryInUseError);
  });

  it("stops on SIGTERM, and with its parent if configured", async () => {
    const first = await start();
    assert.deepEqual(await first.end("SIGTERM"), { code: 0, signal: null });
    const second = await start("--exit-with-parent");
    second.closeInput();
    assert.deepEqual(await second.ended, { code: 0, signal: null });
  });
});
