import assert from "node:assert/strict";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { rows } from "../../../control-plane/src/store/database.ts";
import { bound, firstPod, makeReady, settle } from "./lives.ts";
import { container } from "./handKubelet.ts";
import { scalar, startWorld, type World } from "./world.ts";

const MINUTE = 60_000;

describe("nodes that change, and starts that take long", () => {
  let world: World;
  beforeEach(async () => {
    world = await startWorld();
    for (const name of ["h100-1", "h100-2"]) await world.kubelet.addNode(name, "h100", 8);
    await world.reconcile("capacity");
  });
  afterEach(() => world.stop());

  const uidOf = async (id: ReservationId) => (await world.kubelet.pod(firstPod(id)))?.metadata?.uid;
  const reasonOf = async (id: ReservationId) => {
    await world.reconcile("capacity");
    await world.reconcile("plan", "h100");
    return scalar<string>(
      world.database,
      "select waiting_reason as value from reservations where id = ?",
      [id],
    );
  };
  const nodeOf = async (id: ReservationId) => (await world.attempts(id))[0]?.node ?? "";

  it("Q3: a cordoned node takes nobody new, says so to who waits, and keeps who is on it", async () => {
    const first = await makeReady(world, { gpus: 8 });
    const node = await nodeOf(first);
    const uid = await uidOf(first);
    for (const name of ["h100-1", "h100-2"]) await world.kubelet.cordon(name, true);
    const waiting = await world.reserve({ gpus: 8 });
    assert.match(await reasonOf(waiting), /cordoned/);
    await world.reconcile("reservation", first);
    assert.deepEqual([(await world.read(first)).state, await uidOf(first)], ["ready", uid]);
    for (const name of ["h100-1", "h100-2"]) await world.kubelet.cordon(name, false);
    await world.advance(waiting);
    assert.notEqual(await nodeOf(waiting), node);
  });

  it("Q3: a node that is lost ends its own, leaves others alone, and serves again when it is back", async () => {
    const [first, second] = [
      await makeReady(world, { gpus: 8 }),
      await makeReady(world, { gpus: 8 }),
    ];
    const [lost, uid] = [await nodeOf(first), await uidOf(second)];
    const waiting = await world.reserve({ gpus: 8 });
    await world.kubelet.setNodeReady(lost, false, new Date(Date.now() - 10 * MINUTE));
    assert.match(await reasonOf(waiting), new RegExp(`${lost}|not ready`));
    world.clock.step(10 * MINUTE);
    assert.match((await settle(world, first)).endDetail ?? "", new RegExp(lost));
    await world.reconcile("reservation", second);
    assert.deepEqual([(await world.read(second)).state, await uidOf(second)], ["ready", uid]);
    await world.kubelet.setNodeReady(lost, true);
    await world.advance(waiting);
    assert.equal(await nodeOf(waiting), lost);
  });

  it("Q3: GPUs that go bad are not given away, and who waits is told", async () => {
    for (const name of ["h100-1", "h100-2"]) await world.kubelet.setGpus(name, 6);
    const waiting = await world.reserve({ gpus: 8 });
    assert.match(await reasonOf(waiting), /\w/);
    assert.equal((await world.read(waiting)).state, "queued");
    await world.kubelet.setGpus("h100-2", 8);
    await world.advance(waiting);
    assert.equal(await nodeOf(waiting), "h100-2");
  });

  it("R5: a slow pull holds neither worker nor transaction, and past its time the failure names the phase", async () => {
    const id = await world.reserve({ gpus: 1 });
    await world.advance(id);
    await bound(world, firstPod(id));
    const waiting = { reason: "ContainerCreating", message: "" };
    await world.kubelet.report(firstPod(id), {
      phase: "Pending",
      containerStatuses: [container({ state: { waiting } })],
    });
    for (let minute = 0; minute < 9; minute += 1) {
      await world.reconcile("reservation", id);
      assert.equal((await world.read(id)).phase, "pulling");
      const busy = await rows(
        world.database,
        `select state from pg_stat_activity where datname = current_database() and state like 'idle in%'
         union all select 'locked' from graphile_worker.jobs where locked_at is not null`,
      );
      assert.deepEqual(busy, []);
      world.clock.step(MINUTE);
    }
    // The cluster answers all the time: it could have been met.
    for (let minute = 0; minute < 6; minute += 1) {
      await world.reconcile("reservation", id);
      world.clock.step(MINUTE);
    }
    const ended = await settle(world, id);
    assert.equal(ended.state, "failed");
    assert.match(ended.endDetail ?? "", /pull/i);
  });
});
