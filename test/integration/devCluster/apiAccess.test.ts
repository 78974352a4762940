import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { connect } from "node:tls";
import { VersionApi } from "@kubernetes/client-node";
import type { ApiFixture } from "./apiFixture.ts";
import { startApi } from "./apiFixture.ts";
import { request } from "./apiRequest.ts";

const namespaces = "/api/v1/namespaces";

describe("dev-cluster API: access", () => {
  let api: ApiFixture;
  before(async () => {
    api = await startApi();
  });
  after(() => api.stop());

  const codeOf = async (...[asked]: [Parameters<typeof request>[1]]) =>
    (await request(api.cluster, asked)).status;

  it("S1: answers nobody without the token, but for its health", async () => {
    for (const path of [namespaces, "/api/v1/pods", "/apis", "/version", "/faults", "/nowhere"]) {
      assert.equal(await codeOf({ path, token: null }), 401, path);
      assert.equal(await codeOf({ path, token: "wrong" }), 401, path);
      assert.equal(await codeOf({ path, token: `${api.cluster.token}x` }), 401, path);
    }
    assert.equal(await codeOf({ path: "/readyz", token: null }), 200);
    assert.equal(await codeOf({ path: namespaces }), 200);
  });

  it("S6: refuses a foreign host and anything from a browser, token or not", async () => {
    const rebound = { host: "attacker.example:443" };
    assert.equal(await codeOf({ path: namespaces, headers: rebound }), 403);
    assert.equal(await codeOf({ path: "/healthz", headers: rebound }), 403);
    const origin = { origin: api.cluster.url };
    assert.equal(await codeOf({ path: namespaces, headers: origin }), 403);
    assert.equal(await codeOf({ path: namespaces, headers: { host: "localhost" } }), 200);
  });

  it("shows a certificate of its own authority, and keeps its secrets to its owner", async () => {
    const { url, ca, kubeconfigPath } = api.cluster;
    const port = Number(new URL(url).port);
    const socket = connect({ port, host: "127.0.0.1", ca, servername: "localhost" });
    await new Promise<void>((resolve, reject) => {
      socket.once("secureConnect", resolve);
      socket.once("error", reject);
    });
    assert.equal(socket.authorized, true);
    socket.destroy();
    assert.equal((await stat(kubeconfigPath)).mode & 0o777, 0o600);
  });

  it("says what it serves", async () => {
    const version = await api.kubeConfig.makeApiClient(VersionApi).getCode();
    assert.equal(version.major, "1");
    const core = (await request(api.cluster, { path: "/api/v1" })).json as {
      resources: { name: string; verbs: string[] }[];
    };
    const names = core.resources.map((each) => each.name);
    for (const name of ["pods", "pods/status", "pods/log", "pods/eviction", "pods/binding"]) {
      assert.ok(names.includes(name), name);
    }
    const groups = (await request(api.cluster, { path: "/apis" })).json as {
      groups: { name: string }[];
    };
    for (const { name } of groups.groups) {
      assert.equal(await codeOf({ path: `/apis/${name}/v1` }), 200, name);
    }
    assert.equal(await codeOf({ path: "/apis/apps/v1" }), 404);
    assert.equal(await codeOf({ path: "/api/v1/namespaces/default/deployments" }), 404);
  });

  it("S3: refuses bodies that are too large, too deep or no JSON, and lives on", async () => {
    const path = `${namespaces}/default/configmaps`;
    const post = (body: string) => codeOf({ method: "POST", path, body });
    assert.equal(await post("{"), 400);
    assert.equal(await post('{"metadata":{"name":"a","__proto__":{"b":1}}}'), 400);
    assert.equal(await post(`${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`), 400);
    assert.equal(await post('"text"'), 400);
    assert.equal(await post(JSON.stringify({ data: { a: "x".repeat(4_000_000) } })), 413);
    assert.equal(await codeOf({ path: `${namespaces}/default/configmaps/%E0%A4%A` }), 404);
    assert.equal(await codeOf({ path }), 200);
  });
});
