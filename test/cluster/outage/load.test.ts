import assert from "node:assert/strict";
import { waitFor } from "../../support/waitFor.ts";
import { report } from "../support/load.ts";
import {
  nothingIsHeld,
  sameDisksAsClaims,
  sameRowsAsPods,
  sameRowsAsSecretsAndServices,
  statesAre,
} from "../support/rowsAndObjects.ts";
import { createOutages } from "./outages.ts";
import {
  createPersistentClients,
  disksFor,
  usersFor,
  type PersistentClients,
  type Reserved,
} from "./persistentClients.ts";
import { startOutageFixture, type OutageFixture } from "./outageFixture.ts";

const FULL = process.env["GPU_DEV_SCALE"] === "full";
const NODES = FULL ? 150 : 75;
const RESERVATIONS = FULL ? 2_000 : 1_000;
/** One per GPU; the others are queued. */
const FITTING = NODES * 8;
const WAITING = RESERVATIONS - FITTING;
const TIMEOUT_MS = FULL ? 900_000 : 300_000;

describe(`faults under load: ${String(NODES)} nodes, ${String(RESERVATIONS)} reservations`, function () {
  this.timeout(TIMEOUT_MS * 3);
  let fixture: OutageFixture;
  let clients: PersistentClients;
  before(async () => {
    fixture = await startOutageFixture({
      nodes: NODES,
      disks: disksFor(RESERVATIONS),
      users: usersFor(RESERVATIONS),
    });
    clients = createPersistentClients(fixture, TIMEOUT_MS);
  });
  after(() => fixture.stop());

  /** Prints each message with the seconds since the start. */
  const createLog = () => {
    const startedAt = performance.now();
    return (message: string) => {
      report({
        [`after ${String(Math.round((performance.now() - startedAt) / 1_000))} s`]: message,
      });
    };
  };
  const reached = (sql: string, count: number) =>
    waitFor(
      async () => {
        const found = await fixture.rows.query<{ count: number }>(`select count(*)::int ${sql}`);
        return (found.rows[0]?.count ?? 0) >= count;
      },
      { timeoutMs: TIMEOUT_MS, intervalMs: 100, describe: `${String(Math.round(count))} ${sql}` },
    );
  const all = async (state: string) => {
    const sql = "select id, name from reservations where state = $1 order by created_at";
    return (await fixture.rows.query<Reserved>(sql, [state])).rows;
  };

  it("R9, R10: errors, silent watches, restarts and SIGKILL lose, duplicate and leak nothing", async () => {
    const note = createLog();
    const outages = createOutages(fixture, note);
    const requested = (share: number) => reached("from reservations", RESERVATIONS * share);
    outages.startBackgroundFaults();
    const requests = clients.reserve(RESERVATIONS);
    await requested(0.1);
    outages.dropWatches();
    await requested(0.2);
    await outages.killControlPlane(1);
    await requested(0.3);
    await outages.killApiServer();
    await requested(0.4);
    await outages.crashDatabase();
    await requested(0.5);
    await outages.silenceWatches();
    await requested(0.6);
    await outages.killControlPlane(0);
    await requested(0.7);
    await outages.hang(40);
    await outages.blockAllCalls();
    await requests;
    note("all requests sent");
    outages.clear();
    await statesAre(fixture.rows, { ready: FITTING, queued: WAITING }, TIMEOUT_MS);
    note("all that fit are ready");
    assert.equal((await sameRowsAsPods(fixture.rows, fixture.kubernetes)).length, FITTING);
    await sameRowsAsSecretsAndServices(fixture.rows, fixture.kubernetes);
    await sameDisksAsClaims(fixture.rows, fixture.kubernetes);
    const names = await fixture.rows.query("select distinct name from reservations");
    assert.equal(names.rows.length, RESERVATIONS);
    await onceReady();
  });

  it("R9, R10: queued reservations are served as others end, during the same faults", async () => {
    const note = createLog();
    const outages = createOutages(fixture, note);
    const served = await all("ready");
    const waiting = (await all("queued")).map(({ id }) => id).sort();
    const cancelled = (share: number) =>
      reached("from reservations where cancel_requested_at is not null", FITTING * share);
    outages.startBackgroundFaults();
    const cancelling = clients.cancel(served);
    await cancelled(0.2);
    outages.dropWatches();
    await outages.killControlPlane(0);
    await cancelled(0.4);
    await outages.crashDatabase();
    await cancelled(0.6);
    await outages.killApiServer();
    await cancelled(0.8);
    await outages.killControlPlane(1);
    await cancelling;
    note("all cancelled");
    await statesAre(fixture.rows, { ended: FITTING, ready: WAITING }, TIMEOUT_MS);
    note("all cancelled ones ended, all queued ones are ready");
    outages.clear();
    assert.deepEqual((await all("ready")).map(({ id }) => id).sort(), waiting);
    assert.equal((await sameRowsAsPods(fixture.rows, fixture.kubernetes)).length, WAITING);
    await sameRowsAsSecretsAndServices(fixture.rows, fixture.kubernetes);
    await onceReady();
  });

  it("R9, R10: nothing is left in the cluster when all have ended", async () => {
    await clients.cancel(await all("ready"));
    await statesAre(fixture.rows, { ended: RESERVATIONS }, TIMEOUT_MS);
    await nothingIsHeld(fixture.rows, fixture.kubernetes);
    const others = await fixture.rows.query(
      "select id, end_reason from reservations where end_reason <> 'cancelled'",
    );
    assert.deepEqual(others.rows, []);
    for (const type of ["reservation.stopping", "reservation.ended"])
      await once(type, RESERVATIONS);
  });

  it("R10: both control planes still stop in order", async () => {
    await Promise.all(fixture.processes.map((each) => each.stop()));
    assert.deepEqual(
      fixture.processes.map(({ child }) => child.exitCode),
      [0, 0],
    );
  });

  const onceReady = async () => {
    const found = await all("ready");
    const sql = `select reservation_id from events where type = 'reservation.ready' group by 1 having count(*) > 1`;
    assert.deepEqual((await fixture.rows.query(sql)).rows, []);
    assert.ok(found.length > 0);
  };
  const once = async (type: string, count: number) => {
    const sql = `select count(*)::int, count(distinct reservation_id)::int as different from events where type = $1`;
    const found = await fixture.rows.query(sql, [type]);
    assert.deepEqual(found.rows, [{ count, different: count }], type);
  };
});
