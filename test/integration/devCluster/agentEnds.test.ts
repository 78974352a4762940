import assert from "node:assert/strict";
import { ApiClient } from "../../../dev-cluster/src/nodeAgent/apiClient.ts";
import type { Pod } from "../../../dev-cluster/src/nodeAgent/kubeTypes.ts";
import { startNodeAgents } from "../../../dev-cluster/src/nodeAgent/nodeAgents.ts";
import { PodReporter } from "../../../dev-cluster/src/nodeAgent/podReport.ts";
import { makeTempDir, type TempDir } from "../../support/tempDir.ts";
import { podNamed, startApi, type ApiFixture } from "./apiFixture.ts";
import { FLEET } from "./nodeAgentFixture.ts";

const namespace = "default";

describe("dev-cluster agents: operations that cannot succeed", () => {
  let api: ApiFixture;
  let directory: TempDir;
  before(async () => {
    api = await startApi();
    directory = await makeTempDir("agents");
  });
  after(async () => {
    await api.stop();
    await directory.remove();
  });

  it("R3: a report on a replaced pod is neither written nor retried", async () => {
    const body = podNamed("replaced", { schedulerName: "nobody" });
    await api.core.createNamespacedPod({ namespace, body });
    const client = new ApiClient(api.cluster);
    const { metadata, ...rest } = await client.get<Pod>("/api/v1/namespaces/default/pods/replaced");
    const stopping = new AbortController();
    const reporter = new PodReporter({
      client,
      pod: { ...rest, metadata: { ...metadata, uid: "00000000-0000-4000-8000-000000000000" } },
      now: () => "2026-01-01T00:00:00Z",
      mayReport: () => Promise.resolve(),
      stopped: stopping.signal,
    });
    const facts = { initialized: true, state: {}, ready: false, restartCount: 0 };
    reporter.report({ ...facts, phase: "Running" });
    await reporter.settled();
    const { status } = await api.core.readNamespacedPod({ namespace, name: "replaced" });
    assert.equal(status?.phase, "Pending");
    stopping.abort();
    client.close();
  });

  it("ends all heartbeats if one of them cannot start", async () => {
    const [node] = FLEET.nodes;
    assert.ok(node);
    const fleet = { ...FLEET, nodes: [node, { ...node, name: "failing" }] };
    const match = { resource: "nodes", name: "failing", verb: "patch" };
    api.cluster.faults.requests.add({ id: "no-beat", match, effect: { status: 500 } });
    const faults = api.cluster.faults.nodes;
    const { url, ca, token } = api.cluster;
    const dataDir = directory.path;
    await assert.rejects(startNodeAgents({ api: { url, ca, token }, fleet, dataDir, faults }), {
      status: 500,
    });
    assert.equal(faults.listenerCount("nodeLost"), 0);
  });
});
