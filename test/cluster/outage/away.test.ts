import assert from "node:assert/strict";
import { waitFor } from "../../support/waitFor.ts";
import { report } from "../support/load.ts";
import {
  nothingIsHeld,
  sameRowsAsPods,
  sameRowsAsSecretsAndServices,
  statesAre,
} from "../support/rowsAndObjects.ts";
import { crowdOf, disksFor, usersFor, type Crowd, type Reserved } from "./crowd.ts";
import { startScene, type Scene } from "./scene.ts";

/** Ten minutes away, compressed: a start has its whole budget four times over while no call comes through. */
const START_BUDGET_SECONDS = 15;
const NODES = 12;
const GPUS = NODES * 8;
const READY = 56;
/** Asked for before and while the cluster is away: more than fit. */
const MORE = 80;
const CANCELLED = 16;
const ALL = READY + MORE;
const PATIENCE_MS = 120_000;

describe("the cluster away for longer than a start may take", function () {
  this.timeout(PATIENCE_MS * 3);
  let scene: Scene;
  let crowd: Crowd;
  before(async () => {
    scene = await startScene({
      ...{ nodes: NODES, disks: disksFor(ALL), users: usersFor(ALL) },
      startBudgetSeconds: START_BUDGET_SECONDS,
    });
    crowd = crowdOf(scene, PATIENCE_MS);
  });
  after(async () => {
    scene.proxy.faults.requests.clear();
    await scene.stop();
  });

  const readStatus = async (index: number) => {
    const user = scene.users[index];
    assert.ok(user);
    return user.call("getStatus");
  };

  it("R9: nothing fails or ends meanwhile, reads say as of when, and all are served afterwards", async () => {
    await crowd.ask(READY);
    await statesAre(scene.rows, { ready: READY }, PATIENCE_MS);
    const { rows: cancelled } = await scene.rows.query<Reserved>(
      "select id, name from reservations order by created_at limit $1",
      [CANCELLED],
    );
    const { requests } = scene.proxy.faults;
    const begun = Date.now();
    requests.add({ id: "away", match: {}, effect: { reset: true } });
    requests.add({ id: "cut", match: {}, effect: { dropWatches: true } });
    await crowd.ask(MORE, READY);
    await crowd.cancel(cancelled);
    const meanwhile = {
      ...{ ready: READY - CANCELLED, stopping: CANCELLED },
      ...{ starting: GPUS - READY, queued: MORE - (GPUS - READY) },
    };
    await statesAre(scene.rows, meanwhile, PATIENCE_MS);

    let reads = 0;
    const stale = async () => {
      const { cluster, reservations } = await readStatus(reads % 2);
      assert.deepEqual(reservations, meanwhile);
      assert.ok(
        cluster.asOf !== null && Date.parse(cluster.asOf) < begun + 1_000,
        cluster.asOf ?? "",
      );
      const { asOf } = (await scene.users[0]?.call("getAvailability")) ?? {};
      assert.equal(asOf, cluster.asOf);
      const list = await scene.users[1]?.call("listReservations", { query: {} });
      assert.ok(list && list.items.length > 0);
      reads += 1;
      return cluster.state === "stale";
    };
    // An assertion that fails is no reason to ask again.
    const read = () => stale().catch((error: unknown) => error as Error);
    const last = await waitFor(read, {
      ...{ timeoutMs: PATIENCE_MS, intervalMs: 200, describe: "the status to say stale" },
    });
    if (last instanceof Error) throw last;
    assert.ok(Date.now() - begun > 3 * START_BUDGET_SECONDS * 1_000);
    await statesAre(scene.rows, meanwhile, 0);

    const back = performance.now();
    requests.remove("away");
    const served = { ready: GPUS, ended: CANCELLED, queued: ALL - GPUS - CANCELLED };
    await statesAre(scene.rows, served, PATIENCE_MS);
    report({ reads, "all served after, seconds": Math.round((performance.now() - back) / 1_000) });
    await waitFor(async () => (await readStatus(0)).cluster.state === "up", {
      describe: "the status to say up",
    });
    await sameRowsAsPods(scene.rows, scene.kubernetes);
    await sameRowsAsSecretsAndServices(scene.rows, scene.kubernetes);
  });

  it("R9: each was started once, and nothing is left of any when all are over", async () => {
    const again = await scene.rows.query("select reservation_id from attempts where attempt > 1");
    assert.deepEqual(again.rows, []);
    for (;;) {
      const { rows: live } = await scene.rows.query<Reserved>(
        "select id, name from reservations where state in ('queued', 'starting', 'ready')",
      );
      if (live.length === 0) break;
      await crowd.cancel(live);
    }
    await statesAre(scene.rows, { ended: ALL }, PATIENCE_MS);
    await nothingIsHeld(scene.rows, scene.kubernetes);
  });
});
