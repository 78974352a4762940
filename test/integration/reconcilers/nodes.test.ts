import assert from "node:assert/strict";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { rows } from "../../../control-plane/src/store/database.ts";
import { waitFor } from "../../support/waitFor.ts";
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
    const told = [
      "Needs 8 H100 on one node. 12 are free, but split: 6 on h100-1, 6 on h100-2.",
      "Unhealthy: 2 of 8 GPUs on h100-1, 2 of 8 GPUs on h100-2.",
    ];
    assert.equal(await reasonOf(waiting), told.join(" "));
    assert.equal((await world.read(waiting)).state, "queued");
    await world.kubelet.setGpus("h100-2", 8);
    await world.advance(waiting);
    assert.equal(await nodeOf(waiting), "h100-2");
  });

  it("Q3: a drain puts out who is there, and who waits is told which node takes nobody", async () => {
    const [first, second] = [
      await makeReady(world, { gpus: 8 }),
      await makeReady(world, { gpus: 8 }),
    ];
    const uid = (await world.attempts(second))[0]?.podUid;
    const waiting = await world.reserve({ gpus: 8 });
    const drained = await nodeOf(first);
    await world.kubelet.cordon(drained, true);
    const name = firstPod(first);
    await world.kubelet.api.createNamespacedPodEviction({
      ...{ name, namespace: "gpu-dev", body: { metadata: { name } } },
    });
    const { capacityUntil } = await world.read(second);
    const end = capacityUntil?.toISOString().slice(11, 16) ?? "";
    const drain = [
      "Needs 8 H100 on one node. None is free.",
      `Unavailable: ${drained} (cordoned).`,
      `Next end: at ${end} UTC at the latest, on ${await nodeOf(second)} (8 GPUs).`,
    ];
    assert.equal(await reasonOf(waiting), drain.join(" "));
    const row = await settle(world, first);
    assert.deepEqual([row.state, row.endReason], ["failed", "evicted"]);
    assert.equal(await reasonOf(waiting), drain.join(" "), "its GPUs are free, and it is cordoned");
    await world.reconcile("reservation", second);
    assert.equal((await world.read(second)).state, "ready");
    assert.equal((await world.kubelet.pod(firstPod(second)))?.metadata?.uid, uid);
    await world.kubelet.cordon(drained, false);
    world.clock.step(1_000);
    await world.advance(waiting);
    assert.equal(await nodeOf(waiting), drained);
  });

  it("Q3: GPUs that go bad under who uses them end nothing, and who waits is told what is left", async () => {
    const first = await makeReady(world, { gpus: 4 });
    world.clock.step(MINUTE);
    const second = await makeReady(world, { gpus: 8 });
    const sick = await nodeOf(first);
    await world.kubelet.setGpus(sick, 6);
    const waiting = await world.reserve({ gpus: 4 });
    const { capacityUntil } = await world.read(first);
    const end = capacityUntil?.toISOString().slice(11, 16) ?? "";
    const told = [
      `Needs 4 H100 on one node. 2 are free, on ${sick}.`,
      `Unhealthy: 2 of 8 GPUs on ${sick}.`,
      `Next end: at ${end} UTC at the latest, on ${sick} (4 GPUs).`,
    ];
    assert.equal(await reasonOf(waiting), told.join(" "));
    for (const id of [first, second]) {
      await world.reconcile("reservation", id);
      assert.equal((await world.read(id)).state, "ready");
    }
    await world.kubelet.setGpus(sick, 8);
    world.clock.step(1_000);
    await world.advance(waiting);
    assert.equal(await nodeOf(waiting), sick);
  });

  it("R6: what the scheduler can't place is told in its words, and placed anew elsewhere within half a minute", async () => {
    const id = await world.reserve({ gpus: 8 });
    await world.placeOnly();
    const planned = await nodeOf(id);
    // It had 8 when the plan was made.
    await world.kubelet.setGpus(planned, 4);
    await world.reconcile("reservation", id);
    const words = "Insufficient nvidia.com/gpu";
    await waitFor(
      async () => {
        await world.reconcile("reservation", id);
        return ((await world.read(id)).phaseDetail ?? "").includes(words);
      },
      { describe: "the scheduler's words" },
    );
    assert.match((await world.read(id)).phaseDetail ?? "", /^The scheduler says: 0\/2 nodes/);
    // Its clock stands still while the scheduler thinks: by now the pod is older than that.
    world.clock.step(25_000);
    await world.reconcile("reservation", id);
    assert.equal((await world.read(id)).state, "queued");
    if (await world.kubelet.pod(firstPod(id))) await world.kubelet.finish(firstPod(id));
    await world.reconcile("reservation", id);
    const row = await world.advance(id);
    assert.deepEqual([row.state, row.attempt], ["starting", 2]);
    const requeued = (await world.events(id)).filter(({ type }) => type === "reservation.requeued");
    assert.deepEqual(requeued.length, 1);
    assert.ok(requeued[0]?.message.includes(words));
    const [, second] = await world.attempts(id);
    assert.notEqual(second?.node, planned);
    await bound(world, `gd-${id}-0-2`);
    await world.kubelet.run(`gd-${id}-0-2`);
    await world.reconcile("reservation", id);
    assert.equal((await world.read(id)).state, "ready");
  });

  it("R6: who is turned away by a node is placed on another one, though the first has room", async () => {
    const id = await world.reserve({ gpus: 1 });
    await world.advance(id);
    const [refused, pod] = [await nodeOf(id), firstPod(id)];
    await bound(world, pod);
    const message = "Allocate failed due to no healthy devices present";
    const status = { phase: "Failed", reason: "UnexpectedAdmissionError", message };
    await world.kubelet.report(pod, status);
    await world.reconcile("reservation", id);
    await world.reconcile("reservation", id);
    if (await world.kubelet.pod(pod)) await world.kubelet.finish(pod);
    await world.reconcile("reservation", id);
    const row = await world.advance(id);
    assert.deepEqual([row.state, row.attempt], ["starting", 2]);
    const [, second] = await world.attempts(id);
    assert.notEqual(second?.node, refused);
    const told = (await world.events(id)).find(({ type }) => type === "reservation.requeued");
    assert.match(told?.message ?? "", /UnexpectedAdmissionError: Allocate failed/);
    await bound(world, `gd-${id}-0-2`);
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
