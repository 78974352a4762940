import assert from "node:assert/strict";
import { container } from "./handKubelet.ts";
import { assertOver, bound, claimOf, firstPod, makeReady, settle } from "./lives.ts";
import { scalar, startWorld, type World } from "./world.ts";

const STATES = ["queued", "placing", "disk", "pulling", "image", "booting", "ready"] as const;

const ENDINGS = new Set(["reservation.stopping", "reservation.ended"]);

/** What stops now, and how it ended: never the same sentence twice. */
function endings(state: (typeof STATES)[number]): string[] {
  const never = "It is over and was never ready.";
  if (state === "queued") {
    const why = "Cancelled while it waited in the queue.";
    return [`${why} Its disk is given back.`, `${never} ${why}`];
  }
  if (state === "ready") {
    const why = "Cancelled while it was in use.";
    return [
      `${why} Closing its sessions and saving its disk.`,
      `It is over, 0 s after it was ready. ${why}`,
    ];
  }
  const why = "Cancelled while it was starting.";
  return [`${why} Removing what was started and giving back its disk.`, `${never} ${why}`];
}

describe("cancel and doubled work", () => {
  let world: World;
  before(async () => {
    world = await startWorld();
    await world.kubelet.addNode("h100-1", "h100", 8);
    await world.reconcile("capacity");
  });
  after(() => world.stop());

  for (const state of STATES) {
    it(`R2: cancelled in ${state}, twice, it ends once and leaves only the disk`, async () => {
      const disk = `disk-${state}`;
      const id = await world.reserve({ disk });
      await reach(id, state);
      await world.cancel(id);
      await world.cancel(id);
      const row = await settle(world, id);
      assert.deepEqual([row.state, row.endReason], ["ended", "cancelled"]);
      await assertOver(world, id, ["reservation.stopping", "reservation.ended", "disk.released"]);
      const told = (await world.events(id)).filter(({ type }) => ENDINGS.has(type));
      assert.deepEqual(
        told.map(({ message }) => message),
        endings(state),
      );
      const held = `select count(*) as value from attachments a join disks d on d.id = a.disk_id
        where d.name = ? and a.released_at is null`;
      assert.equal(await scalar<number>(world.database, held, [disk]), 0);
      const claim = await scalar<string>(
        world.database,
        "select claim_name as value from disks where name = ?",
        [disk],
      );
      const made = state !== "queued" && state !== "placing";
      assert.equal((await world.cluster.getClaim(claim)) !== undefined, made);
    });
  }

  async function reach(id: Awaited<ReturnType<World["reserve"]>>, state: (typeof STATES)[number]) {
    if (state === "queued") return;
    await world.placeOnly();
    if (state === "placing") return;
    await world.reconcile("reservation", id);
    if (state === "disk") return;
    await world.kubelet.bindClaim(await claimOf(world, id), "us-east-2a");
    const pod = firstPod(id);
    await bound(world, pod);
    const waiting = (reason: string, message: string) =>
      world.kubelet.report(pod, {
        containerStatuses: [container({ state: { waiting: { reason, message } } })],
      });
    if (state === "pulling") await waiting("ContainerCreating", "");
    if (state === "image") await waiting("ErrImagePull", "manifest unknown");
    if (state === "booting") {
      await world.kubelet.report(pod, {
        phase: "Running",
        containerStatuses: [container({ state: { running: {} } })],
      });
    }
    if (state === "ready") await world.kubelet.run(pod);
    await world.reconcile("reservation", id);
    const row = await world.read(id);
    assert.equal(row.phase ?? row.state, state);
  }

  it("R2: a cancel that races ready ends it once, and it is never ready after that", async () => {
    const id = await world.reserve();
    await world.advance(id);
    await bound(world, firstPod(id));
    await world.kubelet.run(firstPod(id));
    await Promise.all([world.cancel(id), world.reconcile("reservation", id)]);
    const row = await settle(world, id);
    assert.equal(row.endReason, "cancelled");
    await assertOver(world, id, ["reservation.stopping", "reservation.ended"]);
    const told = (await world.events(id)).map((event) => event.type);
    const stopped = told.indexOf("reservation.stopping");
    assert.ok(!told.slice(stopped).includes("reservation.ready"));
  });

  it("R1: eight reconcilers at once, at every step, make one pod and one event of each change", async () => {
    const id = await world.reserve();
    const eightfold = async (name: "plan" | "reservation", key: string) => {
      await Promise.all(Array.from({ length: 8 }, () => world.reconcile(name, key)));
    };
    await eightfold("plan", "h100");
    await eightfold("reservation", id);
    const pods = (await world.kubelet.pods()).filter((pod) => pod.metadata?.name?.includes(id));
    assert.equal(pods.length, 1);
    await bound(world, firstPod(id));
    await world.kubelet.run(firstPod(id));
    await eightfold("reservation", id);
    await world.cancel(id);
    await eightfold("reservation", id);
    await settle(world, id);
    await eightfold("reservation", id);
    await assertOver(world, id, [
      "reservation.placed",
      "reservation.ready",
      "reservation.stopping",
      "reservation.ended",
    ]);
    assert.equal((await world.attempts(id)).length, 1);
  });

  it("R1: a reservation that is over is not revived by any late run", async () => {
    const id = await makeReady(world);
    await world.cancel(id);
    const ended = await settle(world, id);
    await world.advance(id);
    assert.deepEqual(await world.read(id), ended);
    assert.equal(await world.kubelet.pod(firstPod(id)), undefined);
  });
});
