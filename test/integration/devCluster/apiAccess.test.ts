import assert from "node:assert/strict";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { connect } from "node:tls";
import { VersionApi } from "@kubernetes/client-node";
import { startApi, type ApiFixture } from "./apiFixture.ts";
import { request } from "./apiRequest.ts";

const namespaces = "/api/v1/namespaces";

describe("dev-cluster API: access", () => {
  let api: ApiFixture;
  before(async () => {
    api = await startApi();
  });
  after(() => api.stop());

  const statusOf = async (options: Parameters<typeof request>[1]) =>
    (await request(api.cluster, options)).status;

  it("S1: requires the token everywhere except for health checks", async () => {
    for (const path of [namespaces, "/api/v1/pods", "/apis", "/version", "/faults", "/nowhere"]) {
      assert.equal(await statusOf({ path, token: null }), 401, path);
      assert.equal(await statusOf({ path, token: "wrong" }), 401, path);
      assert.equal(await statusOf({ path, token: `${api.cluster.token}x` }), 401, path);
    }
    assert.equal(await statusOf({ path: "/readyz", token: null }), 200);
    assert.equal(await statusOf({ path: namespaces }), 200);
  });

  it("S6: refuses a foreign host and every request from a browser, with or without a token", async () => {
    const rebound = { host: "attacker.example:443" };
    assert.equal(await statusOf({ path: namespaces, headers: rebound }), 403);
    assert.equal(await statusOf({ path: "/healthz", headers: rebound }), 403);
    const origin = { origin: api.cluster.url };
    assert.equal(await statusOf({ path: namespaces, headers: origin }), 403);
    assert.equal(await statusOf({ path: namespaces, headers: { host: "localhost" } }), 200);
  });

  it("S3: refuses a request target that is not a valid URL", async () => {
    for (const target of ["//", "http://[::1"]) {
      const socket = connect({
        host: "127.0.0.1",
        port: Number(new URL(api.cluster.url).port),
        ca: api.cluster.ca,
        servername: "localhost",
      });
      let received = "";
      socket.setEncoding("utf8").on("data", (text: string) => (received += text));
      socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      await once(socket, "close");
      assert.match(received, /^HTTP\/1.1 400 [^]*"BadRequest"/, target);
    }
  });

  it("presents a certificate of its own authority, and makes its secrets readable by its owner only", async () => {
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

  it("lists the kinds that it serves", async () => {
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
      assert.equal(await statusOf({ path: `/apis/${name}/v1` }), 200, name);
    }
    assert.equal(await statusOf({ path: "/apis/apps/v1" }), 404);
    assert.equal(await statusOf({ path: "/api/v1/namespaces/default/deployments" }), 404);
  });

  it("S3: refuses bodies that are too large, too deep or not JSON, and keeps running", async () => {
    const path = `${namespaces}/default/configmaps`;
    const post = (body: string) => statusOf({ method: "POST", path, body });
    assert.equal(await post("{"), 400);
    assert.equal(await post('{"metadata":{"name":"a","__proto__":{"b":1}}}'), 400);
    assert.equal(await post(`${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`), 400);
    assert.equal(await post('"text"'), 400);
    assert.equal(await post(JSON.stringify({ data: { a: "x".repeat(4_000_000) } })), 413);
    assert.equal(await statusOf({ path: `${namespaces}/default/configmaps/%E0%A4%A` }), 404);
    assert.equal(await statusOf({ path }), 200);
  });
});
