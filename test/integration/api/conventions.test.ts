import assert from "node:assert/strict";
import { rows } from "../../../control-plane/src/store/database.ts";
import { REQUEST, send, startApi, type ApiUnderTest, type Caller } from "./apiUnderTest.ts";

describe("HTTP conventions", () => {
  let api: ApiUnderTest;
  let alice: Caller;
  before(async () => {
    api = await startApi({ environment: { GPU_DEV_WRITES_PER_SECOND: "2" } });
    alice = await api.signIn("alice");
  });
  after(() => api.stop());

  it("returns 304 to a conditional read until the content changes", async () => {
    const { body } = await alice.post("/v1/reservations", REQUEST);
    const path = `/v1/reservations/${String(body["id"])}`;
    const etag = (await alice.get(path)).headers.get("etag") ?? "";
    assert.match(etag, /^W\/"0-/);
    const same = await alice.get(path, { "if-none-match": etag });
    assert.equal(same.status, 304);
    assert.deepEqual(same.body, { text: "" });
    await rows(
      api.database,
      "update reservations set waiting_position = 2, waiting_reason = 'Because.' where id = ? returning id",
      [String(body["id"])],
    );
    const moved = await alice.get(path, { "if-none-match": etag });
    assert.equal(moved.status, 200, "the position in the queue changes without a new generation");
    assert.deepEqual(moved.body["waiting"], { position: 2, ahead: 1, reason: "Because." });
  });

  it("serves HEAD like GET without a body, and returns 405 with Allow for an unsupported method and 404 for an unknown path", async () => {
    const head = await alice.request("HEAD", "/v1/reservations");
    assert.equal(head.status, 200);
    assert.ok(head.headers.get("etag"));
    const put = await alice.request("PUT", "/v1/reservations");
    assert.equal(put.status, 405);
    assert.equal(put.headers.get("allow"), "GET, HEAD, POST");
    assert.equal((await alice.request("POST", "/healthz")).headers.get("allow"), "GET, HEAD");
    const unknownPath = await alice.get("/v1/nowhere");
    assert.equal(unknownPath.status, 404);
    const malformedId = await alice.get("/v1/reservations/not-an-id");
    assert.equal(malformedId.status, 404);
    for (const response of [put, unknownPath, malformedId]) {
      assert.equal(response.headers.get("content-type"), "application/problem+json");
      assert.equal(response.body["requestId"], response.headers.get("x-request-id"));
      assert.equal(response.body["status"], response.status);
      assert.equal(response.headers.get("cache-control"), "no-store");
    }
  });

  it("limits a burst of writes per user, with Retry-After", async () => {
    const bob = await api.signIn("bob");
    const revoke = "/v1/keys/0000000000000000";
    const responses = await Promise.all(
      Array.from({ length: 15 }, () => bob.request("DELETE", revoke)),
    );
    const limited = responses.filter(({ status }) => status === 429);
    assert.ok(limited.length >= 3 && limited.length <= 5, String(limited.length));
    assert.ok(Number(limited[0]?.headers.get("retry-after")) >= 1);
    assert.equal((await bob.get("/v1/me")).status, 200, "reads have a separate limit");
    const { status } = await alice.request("DELETE", revoke);
    assert.equal(status, 404, "other users are not limited");
  });

  it("serves health, metrics without ids in their labels, and the description of the API", async () => {
    assert.equal((await send(`${api.url}/healthz`)).status, 200);
    const metrics = String((await send(`${api.url}/metrics`)).body["text"]);
    assert.match(metrics, /gpu_dev_reservations\{state="queued"\} 1/);
    assert.match(
      metrics,
      /gpu_dev_http_request_duration_seconds_count\{route="getReservation",method="GET",status_class="2xx"\}/,
    );
    assert.ok(!/[0-9a-hjkmnp-tv-z]{16}"/.test(metrics), "no id among the labels");
    const openapi = await send(`${api.url}/openapi.json`);
    assert.equal(openapi.body["openapi"], "3.1.0");
  });

  it("counts only the free GPUs of available nodes as free", async () => {
    const node =
      "insert into capacity_nodes (name, uid, gpu_type, zone, units, foreign_units, ready, cordoned, resource_version, observed_at)";
    await rows(
      api.database,
      `${node} values ('n1', 'u1', 'h100', 'z', 8, 1, true, false, '1', now()), ('n2', 'u2', 'h100', 'z', 8, 0, true, true, '1', now()),
         ('n3', 'u3', 'h100', 'z', 8, 0, false, false, '1', now()), ('c1', 'u4', 'cpu-x86', 'z', 4, 0, true, false, '1', now()) returning name`,
    );
    const [reservation] = await rows<{ id: string }>(
      api.database,
      "select id from reservations limit 1",
    );
    await rows(
      api.database,
      `insert into attempts (reservation_id, rank, attempt, node, units, pod_name, created_at, gone_at)
       values (:id, 0, 1, 'n1', 4, 'gone', now(), now()), (:id, 0, 2, 'n1', 2, 'running', now(), null) returning rank`,
      { id: reservation?.id ?? "" },
    );
    const { body } = await alice.get("/v1/availability");
    const types = body["types"] as Record<string, unknown>[];
    const h100 = types.find(({ type }) => type === "h100");
    assert.deepEqual(
      [h100?.["totalGpus"], h100?.["healthyGpus"], h100?.["freeGpus"], h100?.["queued"]],
      [24, 8, 5, 1],
    );
    const nodes = h100?.["nodes"] as { name: string; state: string; free: number }[];
    assert.deepEqual(
      nodes.map(({ name, state, free }) => [name, state, free]),
      [
        ["n1", "ready", 5],
        ["n2", "cordoned", 0],
        ["n3", "not-ready", 0],
      ],
    );
    const cpu = types.find(({ type }) => type === "cpu-x86");
    assert.equal(cpu?.["freeGpus"], 4);
  });

  it("distinguishes an unknown, a reachable and a stale cluster in the status", async () => {
    const state = async () =>
      ((await alice.get("/v1/status")).body["cluster"] as { state: string }).state;
    assert.equal(await state(), "unknown");
    await rows(
      api.database,
      "insert into cluster_contact (cluster, seen_at) values ('default', now()) returning cluster",
    );
    assert.equal(await state(), "up");
    await rows(
      api.database,
      "update cluster_contact set seen_at = now() - interval '2 minutes' returning cluster",
    );
    assert.equal(await state(), "stale");
  });

  it("queues the reservations whose pods must update their keys when a key changes", async () => {
    const [reservation] = await rows<{ id: string }>(
      api.database,
      "select id from reservations limit 1",
    );
    const id = reservation?.id ?? "";
    await rows(
      api.database,
      `update reservations set state = 'ready', placed_at = now(), ready_at = now(), expires_at = now(),
         capacity_until = now(), waiting_position = null, waiting_reason = null where id = ? returning id`,
      [id],
    );
    const publicKey =
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG/4oR7aptABQ9NnWTWbZ9xpdl09TTiYicHMU/4lFmbp";
    const job = () =>
      rows(api.database, "select 1 from graphile_worker.jobs where key = ?", [`reservation/${id}`]);
    assert.equal((await job()).length, 0);
    const added = await alice.post("/v1/keys", { publicKey });
    assert.equal(added.status, 201);
    assert.equal((await job()).length, 1);
    const again = await alice.post("/v1/keys", { publicKey: `${publicKey} again` });
    assert.deepEqual(again.body, added.body);
  });
});
