import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { ApiClient } from "@gpu-dev/shared/client/apiClient.ts";
import pg from "pg";
import { loadCatalogue } from "../../../control-plane/src/catalogueFile.ts";
import { freePort } from "../../support/freePort.ts";
import { startTestPostgres, type TestPostgres } from "../../support/postgres.ts";
import { waitFor } from "../../support/waitFor.ts";
import { install, policyIsEffective } from "../chart/release.ts";
import { startControlPlane, type ControlPlane } from "../support/controlPlane.ts";
import type { FaultProxy } from "../support/faultProxy.ts";
import { startKubernetes, type Kubernetes } from "../support/kubernetes.ts";
import { startKwok } from "../support/kwok.ts";
import { eachOf, report } from "../support/load.ts";
import { startProxied } from "../support/proxied.ts";
import { objectsOf, sameRowsAsPods, statesAre } from "../support/rowsAndObjects.ts";

const FULL = process.env["GPU_DEV_SCALE"] === "full";
const NODES = FULL ? 250 : 40;
const RESERVATIONS = FULL ? 3_000 : 500;
const AT_ONCE = 8;
/** Fewer than anybody may have: who asks again for the last one would be told of that limit, not of the name. */
const EACH = 40;
const FITTING = NODES * 8;
const PATIENCE_MS = FULL ? 900_000 : 180_000;

describe("everything breaks under load, on a real API server", function () {
  this.timeout(PATIENCE_MS * 3);
  let kubernetes: Kubernetes;
  let postgres: TestPostgres;
  let proxy: FaultProxy;
  let rows: pg.Client;
  let databaseUrl: string;
  let kubeconfigPath: string;
  const ports: number[] = [];
  const processes: ControlPlane[] = [];
  const users: ApiClient[] = [];
  const stops: (() => Promise<unknown>)[] = [];

  before(async () => {
    kubernetes = await startKubernetes();
    stops.push(() => kubernetes.stop());
    const type = (await loadCatalogue()).types.find(({ id }) => id === "h100");
    assert.ok(type);
    const kwok = await startKwok(kubernetes, { type, count: NODES });
    stops.push(() => kwok.stop());
    await install(kubernetes, "gpu-dev", "gpu-dev");
    await policyIsEffective(kubernetes, "gpu-dev");
    postgres = await startTestPostgres({ durable: true });
    stops.push(() => postgres.remove());
    databaseUrl = (await postgres.createDatabase()).url;
    ({ proxy, kubeconfigPath } = await startProxied(kubernetes, "gpu-dev"));
    stops.push(() => proxy.stop());
    for (const index of [0, 1]) {
      ports[index] = await freePort();
      await startAgain(index);
    }
    stops.push(() => Promise.all(processes.map((each) => each.stop())));
    for (let index = 0; index < RESERVATIONS / EACH; index += 1) {
      const client = await processes[index % 2]?.signIn(`user-${String(index)}`);
      if (client) users.push(client);
    }
    rows = await connect();
    stops.push(() => rows.end());
  });
  after(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  async function startAgain(index: number): Promise<void> {
    const { directory } = kubernetes;
    processes[index] = await startControlPlane({
      ...{ databaseUrl, directory, logLevel: process.env["TEST_LOG"] ?? "silent" },
      kubeconfigPath,
      ...(ports[index] === undefined ? {} : { port: ports[index] }),
    });
  }

  async function connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: databaseUrl });
    // PostgreSQL is restarted below; what comes after connects anew.
    client.on("error", () => undefined);
    await client.connect();
    return client;
  }

  /** Whoever gets no answer asks again, by a name that only one of his can have. */
  async function insist(index: number): Promise<void> {
    const user = users[Math.floor(index / EACH)];
    assert.ok(user);
    const name = `load-${String(index)}`;
    const body = { gpuType: "h100", gpus: 1, durationSeconds: 3_600, name };
    const ask = () =>
      user.call("createReservation", { body }).then(
        () => true,
        (error: unknown) => String((error as { code?: string }).code).includes("name"),
      );
    await waitFor(ask, {
      timeoutMs: PATIENCE_MS,
      intervalMs: 500,
      describe: `an answer to ${name}`,
    });
  }

  it("R9, R10: nothing is lost, doubled or leaked by errors, dead watches, restarts and SIGKILL", async () => {
    const begun = performance.now();
    const seconds = () => Math.round((performance.now() - begun) / 1_000);
    const { requests } = proxy.faults;
    const told: Record<string, number> = {};
    const asked = eachOf(RESERVATIONS, AT_ONCE, insist);
    const reached = (count: number) =>
      waitFor(
        async () => {
          const client = await connect();
          const sql = "select count(*)::int as count from reservations";
          const found = await client.query<{ count: number }>(sql).finally(() => client.end());
          return (found.rows[0]?.count ?? 0) >= count;
        },
        { timeoutMs: PATIENCE_MS, describe: `${String(count)} reservations` },
      );

    requests.add({ id: "slow", match: {}, effect: { latencyMs: 30 }, probability: 0.3 });
    requests.add({ id: "errors", match: {}, effect: { status: 500 }, probability: 0.05 });
    const lost = { effect: { resetAfter: true as const }, probability: 0.05 };
    requests.add({ id: "lost", match: { verb: "create" }, ...lost });
    await reached(RESERVATIONS * 0.1);
    requests.add({ id: "cut", match: {}, effect: { dropWatches: true } });
    requests.add({ id: "old", match: { verb: "watch" }, effect: { gone: true }, count: 4 });
    told["watches cut and too old"] = seconds();

    await reached(RESERVATIONS * 0.2);
    await processes[1]?.stop("SIGKILL");
    told["one control plane killed"] = seconds();
    await startAgain(1);

    await reached(RESERVATIONS * 0.35);
    const startApiServer = await kubernetes.stopApiServer("SIGKILL");
    told["API server killed"] = seconds();
    await startApiServer();

    await reached(RESERVATIONS * 0.5);
    told["PostgreSQL stopped"] = seconds();
    await postgres.server.stop("immediate");
    await postgres.server.start();

    await reached(RESERVATIONS * 0.65);
    await processes[0]?.stop("SIGKILL");
    told["the other control plane killed"] = seconds();
    await startAgain(0);

    await reached(RESERVATIONS * 0.75);
    requests.add({ id: "silent", match: { verb: "watch" }, effect: { silenceWatches: true } });
    told["watches dead without a word, for 10 s"] = seconds();
    await delay(10_000);
    requests.add({ id: "away", match: {}, effect: { reset: true } });
    told["no call comes through, for 10 s"] = seconds();
    await delay(10_000);
    requests.clear();

    await asked;
    await rows.end();
    rows = await connect();
    const ready = Math.min(FITTING, RESERVATIONS);
    await statesAre(rows, { ready, queued: RESERVATIONS - ready }, PATIENCE_MS);
    told["all served that fit"] = seconds();
    assert.equal((await sameRowsAsPods(rows, kubernetes)).length, ready);
    const names = await rows.query("select distinct name from reservations");
    assert.equal(names.rows.length, RESERVATIONS);
    const doubled = await rows.query(
      "select reservation_id from events where type = 'reservation.ready' group by 1 having count(*) > 1",
    );
    assert.deepEqual(doubled.rows, []);
    for (const kind of ["secrets", "services"]) {
      const reservations = (await objectsOf(kubernetes, kind)).length;
      assert.equal(reservations, ready, kind);
    }
    report(told);
  });

  it("R9, R10: all that wait are served as others end, and nothing is left of any", async () => {
    const found = await rows.query<{ id: string; name: string }>(
      "select id, name from reservations order by created_at",
    );
    await eachOf(found.rows.length, AT_ONCE, async (index) => {
      const { id = "", name = "" } = found.rows[index] ?? {};
      const owner = users[Math.floor(Number(name.replace("load-", "")) / EACH)];
      await owner?.call("cancelReservation", { params: { reservationId: id } });
    });
    await statesAre(rows, { ended: RESERVATIONS }, PATIENCE_MS);
    for (const kind of ["pods", "services", "secrets"]) {
      await waitFor(async () => (await objectsOf(kubernetes, kind)).length === 0, {
        ...{ timeoutMs: PATIENCE_MS, describe: `no ${kind} to be left` },
      });
    }
    const others = await rows.query(
      "select id, end_reason from reservations where end_reason <> 'cancelled'",
    );
    assert.deepEqual(others.rows, []);
  });

  it("R10: both control planes still end in order", async () => {
    await Promise.all(processes.map((each) => each.stop()));
    assert.deepEqual(
      processes.map(({ child }) => child.exitCode),
      [0, 0],
    );
  });
});
