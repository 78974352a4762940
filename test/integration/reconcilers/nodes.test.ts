import assert from "node:assert/strict";
import { Minute } from "@gpu-dev/shared/durations.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { rows } from "../../../control-plane/src/store/database.ts";
import { waitFor } from "../../support/waitFor.ts";
import { bound, firstPod, makeReady, settle } from "./lifecycle.ts";
import { container } from "./manualKubelet.ts";
import { scalar, startFixture, type Fixture } from "./fixture.ts";

describe("changing nodes and slow starts", () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await startFixture();
    for (const name of ["h100-1", "h100-2"]) await fixture.kubelet.addNode(name, "h100", 8);
    await fixture.reconcile("capacity");
  });
  afterEach(() => fixture.stop());

  const uidOf = async (id: ReservationId) =>
    (await fixture.kubelet.pod(firstPod(id)))?.metadata?.uid;
  const reasonOf = async (id: ReservationId) => {
    await fixture.reconcile("capacity");
    await fixture.reconcile("plan", "h100");
    return scalar<string>(
      fixture.database,
      "select waiting_reason as value from reservations where id = ?",
      [id],
    );
  };
  const nodeOf = async (id: ReservationId) => (await fixture.attempts(id))[0]?.node ?? "";

  it("Q3: a cordoned node takes no new reservation, is named in the waiting reason, and keeps its reservations", async () => {
    const first = await makeReady(fixture, { gpus: 8 });
    const node = await nodeOf(first);
    const uid = await uidOf(first);
    for (const name of ["h100-1", "h100-2"]) await fixture.kubelet.cordon(name, true);
    const waiting = await fixture.reserve({ gpus: 8 });
    assert.match(await reasonOf(waiting), /cordoned/);
    await fixture.reconcile("reservation", first);
    assert.deepEqual([(await fixture.read(first)).state, await uidOf(first)], ["ready", uid]);
    for (const name of ["h100-1", "h100-2"]) await fixture.kubelet.cordon(name, false);
    await fixture.advance(waiting);
    assert.notEqual(await nodeOf(waiting), node);
  });

  it("Q3: a lost node ends its reservations, affects no others, and is used again once it returns", async () => {
    const [first, second] = [
      await makeReady(fixture, { gpus: 8 }),
      await makeReady(fixture, { gpus: 8 }),
    ];
    const [lost, uid] = [await nodeOf(first), await uidOf(second)];
    const waiting = await fixture.reserve({ gpus: 8 });
    await fixture.kubelet.setNodeReady(lost, false, new Date(Date.now() - 10 * Minute.ms));
    assert.match(await reasonOf(waiting), new RegExp(`${lost}|not ready`));
    fixture.clock.step(10 * Minute.ms);
    assert.match((await settle(fixture, first)).endDetail ?? "", new RegExp(lost));
    await fixture.reconcile("reservation", second);
    assert.deepEqual([(await fixture.read(second)).state, await uidOf(second)], ["ready", uid]);
    await fixture.kubelet.setNodeReady(lost, true);
    await fixture.advance(waiting);
    assert.equal(await nodeOf(waiting), lost);
  });

  it("Q3: unhealthy GPUs are not assigned; queued reservations see the reduced capacity", async () => {
    for (const name of ["h100-1", "h100-2"]) await fixture.kubelet.setGpus(name, 6);
    const waiting = await fixture.reserve({ gpus: 8 });
    const reason = [
      "Needs 8 H100 on one node. 12 are free, but split: 6 on h100-1, 6 on h100-2.",
      "Unhealthy: 2 of 8 GPUs on h100-1, 2 of 8 GPUs on h100-2.",
    ];
    assert.equal(await reasonOf(waiting), reason.join(" "));
    assert.equal((await fixture.read(waiting)).state, "queued");
    await fixture.kubelet.setGpus("h100-2", 8);
    await fixture.advance(waiting);
    assert.equal(await nodeOf(waiting), "h100-2");
  });

  it("Q3: a drain evicts the reservations of its node; the waiting reason names the cordoned node", async () => {
    const [first, second] = [
      await makeReady(fixture, { gpus: 8 }),
      await makeReady(fixture, { gpus: 8 }),
    ];
    const uid = (await fixture.attempts(second))[0]?.podUid;
    const waiting = await fixture.reserve({ gpus: 8 });
    const drained = await nodeOf(first);
    await fixture.kubelet.cordon(drained, true);
    const name = firstPod(first);
    await fixture.kubelet.api.createNamespacedPodEviction({
      name,
      namespace: "gpu-dev",
      body: { metadata: { name } },
    });
    const { capacityUntil } = await fixture.read(second);
    const end = capacityUntil?.toISOString().slice(11, 16) ?? "";
    const drain = [
      "Needs 8 H100 on one node. None is free.",
      `Unavailable: ${drained} (cordoned).`,
      `Next end: at ${end} UTC at the latest, on ${await nodeOf(second)} (8 GPUs).`,
    ];
    assert.equal(await reasonOf(waiting), drain.join(" "));
    const row = await settle(fixture, first);
    assert.deepEqual([row.state, row.endReason], ["failed", "evicted"]);
    assert.equal(await reasonOf(waiting), drain.join(" "), "its GPUs are free, and it is cordoned");
    await fixture.reconcile("reservation", second);
    assert.equal((await fixture.read(second)).state, "ready");
    assert.equal((await fixture.kubelet.pod(firstPod(second)))?.metadata?.uid, uid);
    await fixture.kubelet.cordon(drained, false);
    fixture.clock.step(1_000);
    await fixture.advance(waiting);
    assert.equal(await nodeOf(waiting), drained);
  });

  it("Q3: unhealthy GPUs do not end running reservations; queued ones see the reduced capacity", async () => {
    const first = await makeReady(fixture, { gpus: 4 });
    fixture.clock.step(Minute.ms);
    const second = await makeReady(fixture, { gpus: 8 });
    const sick = await nodeOf(first);
    await fixture.kubelet.setGpus(sick, 6);
    const waiting = await fixture.reserve({ gpus: 4 });
    const { capacityUntil } = await fixture.read(first);
    const end = capacityUntil?.toISOString().slice(11, 16) ?? "";
    const reason = [
      `Needs 4 H100 on one node. 2 are free, on ${sick}.`,
      `Unhealthy: 2 of 8 GPUs on ${sick}.`,
      `Next end: at ${end} UTC at the latest, on ${sick} (4 GPUs).`,
    ];
    assert.equal(await reasonOf(waiting), reason.join(" "));
    for (const id of [first, second]) {
      await fixture.reconcile("reservation", id);
      assert.equal((await fixture.read(id)).state, "ready");
    }
    await fixture.kubelet.setGpus(sick, 8);
    fixture.clock.step(1_000);
    await fixture.advance(waiting);
    assert.equal(await nodeOf(waiting), sick);
  });

  it("R6: a pod that the scheduler cannot place is reported with its message and rescheduled elsewhere within half a minute", async () => {
    const id = await fixture.reserve({ gpus: 8 });
    await fixture.placeOnly();
    const planned = await nodeOf(id);
    // It had 8 when the plan was made.
    await fixture.kubelet.setGpus(planned, 4);
    await fixture.reconcile("reservation", id);
    const message = "Insufficient nvidia.com/gpu";
    await waitFor(
      async () => {
        await fixture.reconcile("reservation", id);
        return ((await fixture.read(id)).phaseDetail ?? "").includes(message);
      },
      { describe: "the scheduler's message" },
    );
    assert.match((await fixture.read(id)).phaseDetail ?? "", /^The scheduler reports: 0\/2 nodes/);
    // The fixture's clock did not move while the scheduler worked.
    fixture.clock.step(25_000);
    await fixture.reconcile("reservation", id);
    assert.equal((await fixture.read(id)).state, "queued");
    if (await fixture.kubelet.pod(firstPod(id))) await fixture.kubelet.finish(firstPod(id));
    await fixture.reconcile("reservation", id);
    const row = await fixture.advance(id);
    assert.deepEqual([row.state, row.attempt], ["starting", 2]);
    const requeued = (await fixture.events(id)).filter(
      ({ type }) => type === "reservation.requeued",
    );
    assert.deepEqual(requeued.length, 1);
    assert.ok(requeued[0]?.message.includes(message));
    const [, second] = await fixture.attempts(id);
    assert.notEqual(second?.node, planned);
    await bound(fixture, `gd-${id}-0-2`);
    await fixture.kubelet.run(`gd-${id}-0-2`);
    await fixture.reconcile("reservation", id);
    assert.equal((await fixture.read(id)).state, "ready");
  });

  it("R6: a reservation that a node rejected is placed on another node, although the first has room", async () => {
    const id = await fixture.reserve({ gpus: 1 });
    await fixture.advance(id);
    const [refused, pod] = [await nodeOf(id), firstPod(id)];
    await bound(fixture, pod);
    const message = "Allocate failed due to no healthy devices present";
    const status = { phase: "Failed", reason: "UnexpectedAdmissionError", message };
    await fixture.kubelet.report(pod, status);
    await fixture.reconcile("reservation", id);
    await fixture.reconcile("reservation", id);
    if (await fixture.kubelet.pod(pod)) await fixture.kubelet.finish(pod);
    await fixture.reconcile("reservation", id);
    const row = await fixture.advance(id);
    assert.deepEqual([row.state, row.attempt], ["starting", 2]);
    const [, second] = await fixture.attempts(id);
    assert.notEqual(second?.node, refused);
    const requeued = (await fixture.events(id)).find(({ type }) => type === "reservation.requeued");
    assert.match(requeued?.message ?? "", /UnexpectedAdmissionError: Allocate failed/);
    await bound(fixture, `gd-${id}-0-2`);
  });

  it("R5: a slow pull occupies no worker and no transaction, and the failure at its deadline names the phase", async () => {
    const id = await fixture.reserve({ gpus: 1 });
    await fixture.advance(id);
    await bound(fixture, firstPod(id));
    const waiting = { reason: "ContainerCreating", message: "" };
    await fixture.kubelet.report(firstPod(id), {
      phase: "Pending",
      containerStatuses: [container({ state: { waiting } })],
    });
    for (let minute = 0; minute < 9; minute += 1) {
      await fixture.reconcile("reservation", id);
      assert.equal((await fixture.read(id)).phase, "pulling");
      const busy = await rows(
        fixture.database,
        `select state from pg_stat_activity where datname = current_database() and state like 'idle in%'
         union all select 'locked' from graphile_worker.jobs where locked_at is not null`,
      );
      assert.deepEqual(busy, []);
      fixture.clock.step(Minute.ms);
    }
    // The cluster is available all the time: the deadline could have been met.
    for (let minute = 0; minute < 6; minute += 1) {
      await fixture.reconcile("reservation", id);
      fixture.clock.step(Minute.ms);
    }
    const ended = await settle(fixture, id);
    assert.equal(ended.state, "failed");
    assert.match(ended.endDetail ?? "", /pull/i);
  });
});
