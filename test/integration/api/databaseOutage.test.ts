import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { openDatabase, rows } from "../../../control-plane/src/store/database.ts";
import { childrenOf } from "../../support/processes.ts";
import { startTestPostgres, type TestPostgres } from "../../support/postgres.ts";
import { waitFor } from "../../support/waitFor.ts";
import { REQUEST, send, startApi, type ApiUnderTest, type Caller } from "./apiUnderTest.ts";
import { readEvents } from "./eventReader.ts";

/** Stops the server, which then accepts no session, and every session. @returns the process ids */
async function suspendServer(url: string): Promise<number[]> {
  const observer = openDatabase({ url, poolSize: 1 });
  const [settings] = await rows<{ folder: string }>(
    observer,
    "select current_setting('data_directory') as folder",
  );
  await observer.destroy();
  const file = await readFile(`${settings?.folder ?? ""}/postmaster.pid`, "utf8");
  const postmaster = Number(file.split("\n")[0]);
  process.kill(postmaster, "SIGSTOP");
  const sessions = childrenOf(postmaster).map(({ pid }) => pid);
  for (const pid of sessions) process.kill(pid, "SIGSTOP");
  return [postmaster, ...sessions];
}

describe("a PostgreSQL outage", () => {
  let postgres: TestPostgres;
  let api: ApiUnderTest;
  let alice: Caller;
  before(async function () {
    this.timeout(60_000);
    postgres = await startTestPostgres();
    api = await startApi({ testDatabase: await postgres.createDatabase() });
    alice = await api.signIn("alice");
  });
  after(async function () {
    this.timeout(60_000);
    await api.stop();
    await postgres.remove();
  });

  it("R10: returns 503 with Retry-After, recovers afterwards, and neither loses nor repeats a request", async function () {
    this.timeout(60_000);
    const stream = await readEvents(api.url, alice.token);
    const before = await alice.post("/v1/reservations", { ...REQUEST, name: "before" });
    await waitFor(() => stream.items.length === 1, {
      describe: "the event of the first reservation",
    });
    await postgres.server.stop();
    const header = { "idempotency-key": "during-the-outage" };
    const requests = await Promise.all([
      alice.get("/v1/reservations"),
      alice.get("/v1/availability"),
      alice.post("/v1/reservations", { ...REQUEST, name: "during" }, header),
      alice.post(`/v1/reservations/${String(before.body["id"])}/cancel`),
      send(`${api.url}/readyz`),
    ]);
    for (const response of requests) {
      assert.equal(response.status, 503, JSON.stringify(response.body));
      assert.equal(response.body["code"], "database_unavailable");
      assert.equal(response.headers.get("retry-after"), "2");
    }
    assert.equal((await send(`${api.url}/healthz`)).status, 200, "the process itself is healthy");
    await postgres.server.start();
    await waitFor(async () => (await send(`${api.url}/readyz`)).status === 200, {
      describe: "readiness",
    });
    const during = await alice.post("/v1/reservations", { ...REQUEST, name: "during" }, header);
    assert.equal(during.status, 201);
    const list = await alice.get("/v1/reservations");
    const items = list.body["items"] as { name: string; cancelRequestedAt: unknown }[];
    assert.deepEqual(
      items.map(({ name, cancelRequestedAt }) => [name, cancelRequestedAt]),
      [
        ["during", null],
        ["before", null],
      ],
    );
    await waitFor(() => stream.items.length === 2, {
      describe: "the stream to resume automatically",
    });
    assert.equal(stream.items[1]?.data["reservationName"], "during");
    await waitFor(() => stream.hints.some(({ what }) => what.includes("waiting")), {
      describe: "a hint after the outage",
    });
    stream.close();
  });

  it("R10: a PostgreSQL that hangs is reported as unavailable, and its connections are replaced", async function () {
    this.timeout(90_000);
    // Connections of the pool that hang while they are idle, and new ones that are not accepted.
    await Promise.all(Array.from({ length: 4 }, () => alice.get("/v1/reservations")));
    const processes = await suspendServer(api.databaseUrl);
    try {
      const responses = await Promise.all([
        send(`${api.url}/readyz`),
        alice.post("/v1/reservations", { ...REQUEST, name: "hanging" }),
        ...Array.from({ length: 4 }, () => alice.get("/v1/reservations")),
      ]);
      for (const { status, body, headers } of responses) {
        assert.equal(status, 503, JSON.stringify(body));
        assert.equal(body["code"], "database_unavailable");
        assert.equal(headers.get("retry-after"), "2");
      }
    } finally {
      for (const pid of processes) process.kill(pid, "SIGCONT");
    }
    await waitFor(async () => (await send(`${api.url}/readyz`)).status === 200, {
      describe: "readiness",
    });
    assert.equal((await alice.get("/v1/reservations")).status, 200);
  });

  it("R30: a PostgreSQL that takes no writes is not ready, and writes get 503 with Retry-After", async () => {
    const observer = openDatabase({ url: api.databaseUrl, poolSize: 1 });
    const [role] = await rows<{ name: string }>(observer, "select current_user::text as name");
    const alter = (change: string) =>
      observer.raw(`alter role "${role?.name ?? ""}" ${change}; select pg_terminate_backend(pid)
        from pg_stat_activity where application_name = 'gpu-dev-control-plane' and pid <> pg_backend_pid()`);
    await alter("set default_transaction_read_only = on");
    try {
      await waitFor(async () => (await send(`${api.url}/readyz`)).status === 503, {
        describe: "the server to be not ready",
      });
      const write = await alice.post("/v1/reservations", { ...REQUEST, name: "read-only" });
      assert.equal(write.status, 503, JSON.stringify(write.body));
      assert.equal(write.body["code"], "database_unavailable");
      assert.equal(write.headers.get("retry-after"), "2");
    } finally {
      await observer.raw(`set transaction_read_only = off`).catch(() => undefined);
      await alter("reset default_transaction_read_only");
      await observer.destroy();
    }
    await waitFor(
      async () =>
        (await alice.post("/v1/reservations", { ...REQUEST, name: "writable" })).status === 201,
      { describe: "a write over a new connection, without a restart of the server" },
    );
  });

  it("R10: many failing requests leak no connection", async function () {
    this.timeout(60_000);
    await postgres.server.stop();
    for (let round = 0; round < 5; round += 1) {
      const responses = await Promise.all(
        Array.from({ length: 30 }, () => alice.get("/v1/reservations")),
      );
      assert.deepEqual(new Set(responses.map(({ status }) => status)), new Set([503]));
    }
    await postgres.server.start();
    await waitFor(async () => (await send(`${api.url}/readyz`)).status === 200, {
      describe: "readiness",
    });
    const responses = await Promise.all(
      Array.from({ length: 60 }, () => alice.get("/v1/reservations")),
    );
    assert.deepEqual(new Set(responses.map(({ status }) => status)), new Set([200]));
    const observer = openDatabase({ url: api.databaseUrl, poolSize: 1 });
    const sessions = await rows<{ state: string; count: number }>(
      observer,
      `select state, count(*)::integer as count from pg_stat_activity
       where application_name = 'gpu-dev-control-plane' and pid <> pg_backend_pid() group by state`,
    );
    await observer.destroy();
    assert.ok(
      sessions.every(({ state }) => state === "idle"),
      JSON.stringify(sessions),
    );
    assert.ok(
      sessions.every(({ count }) => count <= 16),
      JSON.stringify(sessions),
    );
  });
});
