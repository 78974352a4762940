import assert from "node:assert/strict";
import { Second } from "@gpu-dev/shared/durations.ts";
import { waitFor } from "../../support/waitFor.ts";
import { report } from "../support/load.ts";
import {
  nothingIsHeld,
  sameRowsAsPods,
  sameRowsAsSecretsAndServices,
  statesAre,
} from "../support/rowsAndObjects.ts";
import {
  createPersistentClients,
  disksFor,
  usersFor,
  type PersistentClients,
  type Reserved,
} from "./persistentClients.ts";
import { startOutageFixture, type OutageFixture } from "./outageFixture.ts";

/** A ten-minute outage, compressed: no call succeeds for more than three whole start budgets. */
const START_BUDGET_SECONDS = 15;
const NODES = 12;
const GPUS = NODES * 8;
const READY = 56;
/** Requested while the cluster is unavailable: more than fit. */
const LATER = 80;
const CANCELLED = 16;
const ALL = READY + LATER;
const TIMEOUT_MS = 120_000;

describe("a cluster that is unavailable for longer than the start budget", function () {
  this.timeout(TIMEOUT_MS * 3);
  let fixture: OutageFixture;
  let clients: PersistentClients;
  before(async () => {
    fixture = await startOutageFixture({
      nodes: NODES,
      disks: disksFor(ALL),
      users: usersFor(ALL),
      startBudgetSeconds: START_BUDGET_SECONDS,
    });
    clients = createPersistentClients(fixture, TIMEOUT_MS);
  });
  after(async () => {
    fixture.proxy.faults.requests.clear();
    await fixture.stop();
  });

  const readStatus = async (index: number) => {
    const user = fixture.users[index];
    assert.ok(user);
    return user.call("getStatus");
  };

  it("R9: no reservation fails or ends during the outage, reads show their age, and all are served afterwards", async () => {
    await clients.reserve(READY);
    await statesAre(fixture.rows, { ready: READY }, TIMEOUT_MS);
    const { rows: cancelled } = await fixture.rows.query<Reserved>(
      "select id, name from reservations order by created_at limit $1",
      [CANCELLED],
    );
    const { requests } = fixture.proxy.faults;
    const outageStart = Date.now();
    requests.add({ id: "unavailable", match: {}, effect: { reset: true } });
    requests.add({ id: "drop-watches", match: {}, effect: { dropWatches: true } });
    await clients.reserve(LATER, READY);
    await clients.cancel(cancelled);
    const duringOutage = {
      ready: READY - CANCELLED,
      stopping: CANCELLED,
      starting: GPUS - READY,
      queued: LATER - (GPUS - READY),
    };
    await statesAre(fixture.rows, duringOutage, TIMEOUT_MS);

    let reads = 0;
    const stale = async () => {
      const { cluster, reservations } = await readStatus(reads % 2);
      assert.deepEqual(reservations, duringOutage);
      assert.ok(
        cluster.asOf !== undefined && Date.parse(cluster.asOf) < outageStart + Second.ms,
        cluster.asOf,
      );
      const { asOf } = (await fixture.users[0]?.call("getAvailability")) ?? {};
      assert.equal(asOf, cluster.asOf);
      const list = await fixture.users[1]?.call("listReservations", { query: {} });
      assert.ok(list && list.items.length > 0);
      reads += 1;
      return cluster.state === "stale";
    };
    // A failed assertion ends the wait at once.
    const readOrError = () => stale().catch((error: unknown) => error as Error);
    const last = await waitFor(readOrError, {
      timeoutMs: TIMEOUT_MS,
      intervalMs: 200,
      describe: "the status to be stale",
    });
    if (last instanceof Error) throw last;
    assert.ok(Date.now() - outageStart > 3 * START_BUDGET_SECONDS * Second.ms);
    await statesAre(fixture.rows, duringOutage, 0);

    const recoveryStart = performance.now();
    requests.remove("unavailable");
    const served = { ready: GPUS, ended: CANCELLED, queued: ALL - GPUS - CANCELLED };
    await statesAre(fixture.rows, served, TIMEOUT_MS);
    report({
      reads,
      "all served after, seconds": Math.round((performance.now() - recoveryStart) / Second.ms),
    });
    await waitFor(async () => (await readStatus(0)).cluster.state === "up", {
      describe: "the status to be up",
    });
    await sameRowsAsPods(fixture.rows, fixture.kubernetes);
    await sameRowsAsSecretsAndServices(fixture.rows, fixture.kubernetes);
  });

  it("R9: each reservation is started once, and nothing is left in the cluster when all have ended", async () => {
    const restarted = await fixture.rows.query(
      "select reservation_id from attempts where attempt > 1",
    );
    assert.deepEqual(restarted.rows, []);
    for (;;) {
      const { rows: live } = await fixture.rows.query<Reserved>(
        "select id, name from reservations where state in ('queued', 'starting', 'ready')",
      );
      if (live.length === 0) break;
      await clients.cancel(live);
    }
    await statesAre(fixture.rows, { ended: ALL }, TIMEOUT_MS);
    await nothingIsHeld(fixture.rows, fixture.kubernetes);
  });
});
