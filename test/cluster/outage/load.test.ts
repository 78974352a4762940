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
import { breakagesOf } from "./breakages.ts";
import { crowdOf, disksFor, usersFor, type Crowd, type Reserved } from "./crowd.ts";
import { startScene, type Scene } from "./scene.ts";

const FULL = process.env["GPU_DEV_SCALE"] === "full";
const NODES = FULL ? 150 : 75;
const RESERVATIONS = FULL ? 2_000 : 1_000;
/** As many as there are GPUs; the others wait. */
const FITTING = NODES * 8;
const WAITING = RESERVATIONS - FITTING;
const PATIENCE_MS = FULL ? 900_000 : 300_000;

describe(`everything breaks under load: ${String(NODES)} nodes, ${String(RESERVATIONS)} reservations`, function () {
  this.timeout(PATIENCE_MS * 3);
  let scene: Scene;
  let crowd: Crowd;
  before(async () => {
    scene = await startScene({
      ...{ nodes: NODES, disks: disksFor(RESERVATIONS), users: usersFor(RESERVATIONS) },
    });
    crowd = crowdOf(scene, PATIENCE_MS);
  });
  after(() => scene.stop());

  /** Says when what began or was noticed, for people. */
  const notes = () => {
    const begun = performance.now();
    return (what: string) => {
      report({ [`after ${String(Math.round((performance.now() - begun) / 1_000))} s`]: what });
    };
  };
  const reached = (sql: string, count: number) =>
    waitFor(
      async () => {
        const found = await scene.rows.query<{ count: number }>(`select count(*)::int ${sql}`);
        return (found.rows[0]?.count ?? 0) >= count;
      },
      { timeoutMs: PATIENCE_MS, intervalMs: 100, describe: `${String(Math.round(count))} ${sql}` },
    );
  const all = async (state: string) => {
    const sql = "select id, name from reservations where state = $1 order by created_at";
    return (await scene.rows.query<Reserved>(sql, [state])).rows;
  };

  it("R9, R10: nothing is lost, doubled or leaked by errors, dead watches, restarts and SIGKILL", async () => {
    const note = notes();
    const breakages = breakagesOf(scene, note);
    const asked = (share: number) => reached("from reservations", RESERVATIONS * share);
    breakages.spoil();
    const asking = crowd.ask(RESERVATIONS);
    await asked(0.1);
    breakages.cutWatches();
    await asked(0.2);
    await breakages.killControlPlane(1);
    await asked(0.3);
    await breakages.killApiServer();
    await asked(0.4);
    await breakages.crashDatabase();
    await asked(0.5);
    await breakages.silenceWatches();
    await asked(0.6);
    await breakages.killControlPlane(0);
    await asked(0.7);
    await breakages.hang(40);
    await breakages.away();
    await asking;
    note("all asked");
    breakages.mend();
    await statesAre(scene.rows, { ready: FITTING, queued: WAITING }, PATIENCE_MS);
    note("all served that fit");
    assert.equal((await sameRowsAsPods(scene.rows, scene.kubernetes)).length, FITTING);
    await sameRowsAsSecretsAndServices(scene.rows, scene.kubernetes);
    await sameDisksAsClaims(scene.rows, scene.kubernetes);
    const names = await scene.rows.query("select distinct name from reservations");
    assert.equal(names.rows.length, RESERVATIONS);
    await onceReady();
  });

  it("R9, R10: all that wait are served as others end, whatever breaks meanwhile", async () => {
    const note = notes();
    const breakages = breakagesOf(scene, note);
    const served = await all("ready");
    const waiting = (await all("queued")).map(({ id }) => id).sort();
    const cancelled = (share: number) =>
      reached("from reservations where cancel_requested_at is not null", FITTING * share);
    breakages.spoil();
    const cancelling = crowd.cancel(served);
    await cancelled(0.2);
    breakages.cutWatches();
    await breakages.killControlPlane(0);
    await cancelled(0.4);
    await breakages.crashDatabase();
    await cancelled(0.6);
    await breakages.killApiServer();
    await cancelled(0.8);
    await breakages.killControlPlane(1);
    await cancelling;
    note("all cancelled");
    await statesAre(scene.rows, { ended: FITTING, ready: WAITING }, PATIENCE_MS);
    note("all over, and all served that waited");
    breakages.mend();
    assert.deepEqual((await all("ready")).map(({ id }) => id).sort(), waiting);
    assert.equal((await sameRowsAsPods(scene.rows, scene.kubernetes)).length, WAITING);
    await sameRowsAsSecretsAndServices(scene.rows, scene.kubernetes);
    await onceReady();
  });

  it("R9, R10: nothing is left of any when all are over", async () => {
    await crowd.cancel(await all("ready"));
    await statesAre(scene.rows, { ended: RESERVATIONS }, PATIENCE_MS);
    await nothingIsHeld(scene.rows, scene.kubernetes);
    const others = await scene.rows.query(
      "select id, end_reason from reservations where end_reason <> 'cancelled'",
    );
    assert.deepEqual(others.rows, []);
    for (const type of ["reservation.stopping", "reservation.ended"])
      await once(type, RESERVATIONS);
  });

  it("R10: both control planes still end in order", async () => {
    await Promise.all(scene.processes.map((each) => each.stop()));
    assert.deepEqual(
      scene.processes.map(({ child }) => child.exitCode),
      [0, 0],
    );
  });

  const onceReady = async () => {
    const found = await all("ready");
    const sql = `select reservation_id from events where type = 'reservation.ready' group by 1 having count(*) > 1`;
    assert.deepEqual((await scene.rows.query(sql)).rows, []);
    assert.ok(found.length > 0);
  };
  const once = async (type: string, count: number) => {
    const sql = `select count(*)::int, count(distinct reservation_id)::int as different from events where type = $1`;
    const found = await scene.rows.query(sql, [type]);
    assert.deepEqual(found.rows, [{ count, different: count }], type);
  };
});
