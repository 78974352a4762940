import assert from "node:assert/strict";
import { rows } from "../../../control-plane/src/store/database.ts";
import { container } from "./manualKubelet.ts";
import { assertOver, bound, claimOf, firstPod, makeReady, settle } from "./lifecycle.ts";
import { scalar, startFixture, type Fixture } from "./fixture.ts";

const STAGES = [
  "queued",
  "placing",
  "disk",
  "pulling",
  "pull failing",
  "booting",
  "ready",
] as const;

const ENDINGS = new Set(["reservation.stopping", "reservation.ended"]);

/** The messages of the two last events, which never repeat a sentence. */
function endings(state: (typeof STAGES)[number]): string[] {
  const never = "It ended and was never ready.";
  if (state === "queued") {
    const why = "Cancelled while it was queued.";
    return [`${why} Its disk is released.`, `${never} ${why}`];
  }
  if (state === "ready") {
    const why = "Cancelled while it was in use.";
    return [
      `${why} Closing its sessions and releasing its disk.`,
      `It ended 0 s after it was ready. ${why}`,
    ];
  }
  const why = "Cancelled while it was starting.";
  return [`${why} Removing what was started and releasing its disk.`, `${never} ${why}`];
}

describe("cancelling, and work that is delivered twice", () => {
  let fixture: Fixture;
  before(async () => {
    fixture = await startFixture();
    await fixture.kubelet.addNode("h100-1", "h100", 8);
    await fixture.reconcile("capacity");
  });
  after(() => fixture.stop());

  for (const state of STAGES) {
    it(`R2: a reservation cancelled twice while ${state} ends once and leaves only its disk`, async () => {
      const disk = `disk-${state.replace(" ", "-")}`;
      const id = await fixture.reserve({ disk });
      await reach(id, state);
      await fixture.cancel(id);
      await fixture.cancel(id);
      const row = await settle(fixture, id);
      assert.deepEqual([row.state, row.endReason], ["ended", "cancelled"]);
      await assertOver(fixture, id, ["reservation.stopping", "reservation.ended", "disk.released"]);
      const last = (await fixture.events(id)).filter(({ type }) => ENDINGS.has(type));
      assert.deepEqual(
        last.map(({ message }) => message),
        endings(state),
      );
      const held = `select count(*) as value from attachments a join disks d on d.id = a.disk_id
        where d.name = ? and a.released_at is null`;
      assert.equal(await scalar<number>(fixture.database, held, [disk]), 0);
      const disks = await rows<{ claim: string }>(
        fixture.database,
        "select claim_name as claim from disks where name = ?",
        [disk],
      );
      // A disk that was announced, but for which nothing was placed, does not stay.
      assert.equal(disks.length, state === "queued" ? 0 : 1);
      const [claim] = disks;
      const isCreated = claim && (await fixture.cluster.getClaim(claim.claim)) !== undefined;
      assert.equal(isCreated ?? false, state !== "queued" && state !== "placing");
    });
  }

  it("D12: a disk that another reservation has used stays when a queued request is cancelled", async () => {
    const first = await fixture.reserve({ disk: "kept" });
    await reach(first, "placing");
    await fixture.cancel(first);
    await settle(fixture, first);
    const second = await fixture.reserve({ disk: "kept" });
    await fixture.cancel(second);
    await settle(fixture, second);
    const count = "select count(*) as value from disks where name = ?";
    assert.equal(await scalar<number>(fixture.database, count, ["kept"]), 1);
    const last = (await fixture.events(second)).findLast(({ type }) => type === "disk.released");
    assert.equal(last?.message, 'Disk "kept" is free; its files are kept.');
  });

  async function reach(
    id: Awaited<ReturnType<Fixture["reserve"]>>,
    state: (typeof STAGES)[number],
  ) {
    if (state === "queued") return;
    await fixture.placeOnly();
    if (state === "placing") return;
    await fixture.reconcile("reservation", id);
    if (state === "disk") return;
    await fixture.kubelet.bindClaim(await claimOf(fixture, id), "us-east-2a");
    const pod = firstPod(id);
    await bound(fixture, pod);
    const waiting = (reason: string, message: string) =>
      fixture.kubelet.report(pod, {
        containerStatuses: [container({ state: { waiting: { reason, message } } })],
      });
    if (state === "pulling") await waiting("ContainerCreating", "");
    if (state === "pull failing") await waiting("ErrImagePull", "manifest unknown");
    if (state === "booting") {
      await fixture.kubelet.report(pod, {
        phase: "Running",
        containerStatuses: [container({ state: { running: {} } })],
      });
    }
    if (state === "ready") await fixture.kubelet.run(pod);
    await fixture.reconcile("reservation", id);
    const row = await fixture.read(id);
    assert.equal(row.phase ?? row.state, state === "pull failing" ? "pulling" : state);
    const [member] = await fixture.attempts(id);
    assert.equal(member?.pullFailingSince !== undefined, state === "pull failing");
  }

  it("R2: a cancel that races with ready ends it once, and it never becomes ready afterwards", async () => {
    const id = await fixture.reserve();
    await fixture.advance(id);
    await bound(fixture, firstPod(id));
    await fixture.kubelet.run(firstPod(id));
    await Promise.all([fixture.cancel(id), fixture.reconcile("reservation", id)]);
    const row = await settle(fixture, id);
    assert.equal(row.endReason, "cancelled");
    await assertOver(fixture, id, ["reservation.stopping", "reservation.ended"]);
    const types = (await fixture.events(id)).map((event) => event.type);
    const stopped = types.indexOf("reservation.stopping");
    assert.ok(!types.slice(stopped).includes("reservation.ready"));
  });

  it("R1: eight concurrent runs of every step create one pod and one event per change", async () => {
    const id = await fixture.reserve();
    const eightfold = async (name: "plan" | "reservation", key: string) => {
      await Promise.all(Array.from({ length: 8 }, () => fixture.reconcile(name, key)));
    };
    await eightfold("plan", "h100");
    await eightfold("reservation", id);
    const pods = (await fixture.kubelet.pods()).filter((pod) => pod.metadata?.name?.includes(id));
    assert.equal(pods.length, 1);
    await bound(fixture, firstPod(id));
    await fixture.kubelet.run(firstPod(id));
    await eightfold("reservation", id);
    await fixture.cancel(id);
    await eightfold("reservation", id);
    await settle(fixture, id);
    await eightfold("reservation", id);
    await assertOver(fixture, id, [
      "reservation.placed",
      "reservation.ready",
      "reservation.stopping",
      "reservation.ended",
    ]);
    assert.equal((await fixture.attempts(id)).length, 1);
  });

  it("R1: a late run never revives a reservation that has ended", async () => {
    const id = await makeReady(fixture);
    await fixture.cancel(id);
    const ended = await settle(fixture, id);
    await fixture.advance(id);
    assert.deepEqual(await fixture.read(id), ended);
    assert.equal(await fixture.kubelet.pod(firstPod(id)), undefined);
  });
});
