import assert from "node:assert/strict";
import { waitFor } from "../../support/waitFor.ts";
import { refusalOf, startApi, watchAll, type ApiFixture } from "./apiFixture.ts";
import { request } from "./apiRequest.ts";

const namespace = "default";
const path = "/api/v1/namespaces/default/configmaps";

describe("dev-cluster faults", () => {
  let api: ApiFixture;
  before(async () => {
    api = await startApi();
  });
  after(() => api.stop());
  afterEach(async () => {
    await send("DELETE", "/faults");
  });

  const send = async (method: string, at: string, body?: unknown) =>
    request(api.cluster, { method, path: at, body });
  const inject = async (fault: object): Promise<string> => {
    const { status, json } = await send("PUT", "/faults", fault);
    assert.equal(status, 200);
    return (json as { ids: [string] }).ids[0];
  };
  const create = (name: string) =>
    api.core.createNamespacedConfigMap({ namespace, body: { metadata: { name } } });
  const exists = async (name: string) => {
    const list = await api.core.listNamespacedConfigMap({ namespace });
    return list.items.some((each) => each.metadata?.name === name);
  };

  it("returns the injected error as often as configured, without executing the request", async () => {
    const effect = { status: 503, reason: "ServiceUnavailable", message: "injected" };
    await inject({ match: { verb: "create", resource: "configmaps" }, effect, count: 2 });
    for (let index = 0; index < 2; index += 1) {
      const refused = await refusalOf(create("refused"));
      assert.deepEqual([refused.code, refused.message], [503, "injected"]);
    }
    assert.equal(await exists("refused"), false);
    await create("refused");
    assert.equal(await exists("refused"), true);
  });

  it("R9: delays, hangs and resets requests; clearing a fault cuts hanging requests", async () => {
    await inject({ match: { resource: "configmaps", name: "slow" }, effect: { latencyMs: 150 } });
    const began = performance.now();
    assert.equal((await send("GET", `${path}/slow`)).status, 404);
    assert.ok(performance.now() - began >= 149);

    const id = await inject({ match: { verb: "create" }, effect: { hang: true } });
    const hanging = create("hanging").then(
      () => "completed",
      () => "cut",
    );
    const soon = new Promise((resolve) => setTimeout(resolve, 100, "nothing"));
    assert.equal(await Promise.race([hanging, soon]), "nothing");
    assert.equal((await send("DELETE", `/faults/${id}`)).status, 200);
    assert.equal(await hanging, "cut");
    assert.equal(await exists("hanging"), false);

    await inject({ match: { verb: "create" }, effect: { reset: true }, count: 1 });
    await assert.rejects(create("reset"));
    assert.equal(await exists("reset"), false);
  });

  it("R4: resets the connection after executing the request, so that the client does not see the outcome", async () => {
    await inject({ match: { verb: "create" }, effect: { resetAfter: true }, count: 1 });
    await assert.rejects(create("unknown"));
    assert.equal(await exists("unknown"), true);
  });

  it("R9: silences watches without ending them, and cuts them when the fault is cleared", async () => {
    const seen = await watchAll(api, path, { resourceVersion: "0" });
    const match = { resource: "configmaps", verb: "watch" };
    const id = await inject({ match, effect: { silenceWatches: true } });
    const eventsBefore = seen.events.length;
    await create("missed");
    assert.equal(await exists("missed"), true);
    assert.equal(seen.events.length, eventsBefore);
    assert.equal(seen.ended, false);
    await send("DELETE", `/faults/${id}`);
    await waitFor(() => seen.ended, { describe: "the silent watch to be cut" });
    assert.ok(!seen.events.some((event) => event.name === "missed"));
  });

  it("stores faults of nodes and pulls, notifies the agents, and lists them", async () => {
    const { nodes } = api.cluster.faults;
    const events: unknown[] = [];
    nodes.on("nodeLost", (name, lost) => events.push([name, lost]));
    nodes.on("oomKill", (pod) => events.push(pod));
    await inject([
      { nodeLost: "gpu-a" },
      { slowPullMs: 500, image: "a" },
      { failPull: "b" },
      { oomKill: { namespace: "x", pod: "y" } },
    ]);
    assert.deepEqual(events, [["gpu-a", true], { namespace: "x", pod: "y" }]);
    assert.equal(nodes.isNodeLost("gpu-a"), true);
    assert.deepEqual([nodes.pullMs("a"), nodes.pullMs("b")], [500, 0]);
    assert.deepEqual([nodes.pullFails("a"), nodes.pullFails("b")], [false, true]);
    const listed = (await send("GET", "/faults")).json as { lostNodes: string[] };
    assert.deepEqual(listed.lostNodes, ["gpu-a"]);
    await inject({ nodeBack: "gpu-a" });
    assert.equal(nodes.isNodeLost("gpu-a"), false);
    await send("DELETE", "/faults");
    assert.deepEqual([nodes.pullMs("a"), nodes.pullFails("b")], [0, false]);
  });

  it("refuses an unknown fault, and a request without the token", async () => {
    assert.equal((await send("PUT", "/faults", { effect: { explode: true } })).status, 400);
    assert.equal((await send("DELETE", "/faults/unknown")).status, 404);
    const anonymous = { method: "PUT", path: "/faults", body: { nodeLost: "a" }, token: "wrong" };
    assert.equal((await request(api.cluster, anonymous)).status, 401);
    assert.equal(api.cluster.faults.nodes.isNodeLost("a"), false);
  });
});
