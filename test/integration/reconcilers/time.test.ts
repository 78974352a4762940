import assert from "node:assert/strict";
import type { ReservationState } from "@gpu-dev/shared/states.ts";
import { MAXIMUM_AGES } from "../../../control-plane/src/domain/maximumAges.ts";
import { findType } from "../../../control-plane/src/domain/catalogue.ts";
import { assertOver, bound, firstPod, makeReady, settle } from "./lives.ts";
import { startWorld, type World } from "./world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe("time", () => {
  let world: World;
  beforeEach(async () => {
    world = await startWorld();
    await world.kubelet.addNode("h100-1", "h100", 8);
    await world.reconcile("capacity");
  });
  afterEach(() => world.stop());

  it("R7: nine hours in the queue count neither against the start nor against the lease", async () => {
    const first = await makeReady(world, { gpus: 8, seconds: 9 * 3_600 });
    const second = await world.reserve({ gpus: 8, seconds: 3_600 });
    assert.equal((await world.advance(second)).state, "queued");
    assert.match(
      (await world.read(second)).waitingReason ?? "",
      /^Needs 8 H100 on one node\. None is free\./,
    );
    world.clock.step(9 * HOUR);
    await settle(world, first);
    const placed = await world.advance(second);
    assert.equal(placed.state, "starting");
    world.clock.step(9 * MINUTE);
    await world.reconcile("reservation", second);
    assert.equal(
      (await world.read(second)).state,
      "starting",
      "its start budget began when it was placed",
    );
    await bound(world, firstPod(second));
    await world.kubelet.run(firstPod(second));
    await world.reconcile("reservation", second);
    const row = await world.read(second);
    assert.equal(row.expiresAt?.getTime(), world.clock.now().getTime() + HOUR);
  });

  it("expires by itself, warned once at 30, 15 and 5 minutes", async () => {
    const id = await makeReady(world, { seconds: 3_600 });
    for (const minutes of [29, 2, 14, 1, 10, 0]) {
      world.clock.step(minutes * MINUTE);
      await Promise.all([1, 2, 3].map(() => world.reconcile("reservation", id)));
    }
    const warned = () =>
      world
        .events(id)
        .then((all) =>
          all
            .filter((event) => event.type === "reservation.warning")
            .map((event) => (event.data as { minutes: number }).minutes),
        );
    assert.deepEqual(await warned(), [30, 15, 5]);
    world.clock.step(4 * MINUTE);
    const row = await settle(world, id);
    assert.deepEqual([row.state, row.endReason], ["ended", "expired"]);
    assert.deepEqual(await warned(), [30, 15, 5]);
  });

  it("a lease of five minutes is not warned at once", async () => {
    const id = await makeReady(world, { seconds: 300 });
    await world.reconcile("reservation", id);
    const told = (await world.events(id)).map((event) => event.type);
    assert.ok(!told.includes("reservation.warning"));
  });

  it("R11: a clock that is behind, and one that jumps back, end nothing early and nothing twice", async () => {
    const id = await makeReady(world, { seconds: 3_600 });
    world.clock.step(59 * MINUTE);
    await world.reconcile("reservation", id);
    world.clock.step(-3 * HOUR);
    await world.reconcile("reservation", id);
    assert.equal((await world.read(id)).state, "ready");
    world.clock.step(3 * HOUR + 59_000);
    await world.reconcile("reservation", id);
    assert.equal((await world.read(id)).state, "ready", "a second before its end");
    world.clock.step(1_000);
    const row = await settle(world, id);
    assert.equal(row.endReason, "expired");
    await assertOver(world, id, ["reservation.ended"]);
    const warnings = (await world.events(id)).filter((e) => e.type === "reservation.warning");
    assert.equal(warnings.length, 1, "one for the five minutes, none again after the jump");
  });

  it("R13: every state leaves by its way out when it is older than its maximum age", async () => {
    const walked: ReservationState[] = [];
    for (const [state, { wayOut }] of Object.entries(MAXIMUM_AGES)) {
      if (wayOut.kind === "final") continue;
      walked.push(state as ReservationState);
      const id = await reach(state as ReservationState);
      const row = await world.read(id);
      assert.equal(row.state, state);
      const type = findType(world.context.catalogue, row.gpuType);
      assert.ok(type);
      const until = MAXIMUM_AGES[row.state].until(row, type, world.context.catalogue);
      assert.ok(until);
      world.clock.step(until.getTime() - world.clock.now().getTime() + MINUTE);
      if (state === "stopping") await world.kubelet.setNodeReady("h100-1", false);
      // A start is only given up by a cluster that has answered for a minute.
      await world.reconcile("reservation", id);
      world.clock.step(61_000);
      const over = await settle(world, id);
      const expected = wayOut.kind === "stopping" ? wayOut.reason : "cancelled";
      assert.equal(over.endReason, expected, state);
      await assertOver(world, id, ["reservation.stopping"]);
    }
    assert.deepEqual(walked, ["queued", "starting", "ready", "stopping"]);
  });

  async function reach(state: ReservationState) {
    if (state === "queued") return world.reserve();
    if (state === "starting") {
      const id = await world.reserve();
      await world.advance(id);
      return id;
    }
    const id = await makeReady(world);
    if (state === "ready") return id;
    await world.cancel(id);
    await world.reconcile("reservation", id);
    return id;
  }
});
