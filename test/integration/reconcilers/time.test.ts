import assert from "node:assert/strict";
import { Hour, Minute } from "@gpu-dev/shared/durations.ts";
import type { ReservationState } from "@gpu-dev/shared/states.ts";
import { MAXIMUM_AGES } from "../../../control-plane/src/domain/maximumAges.ts";
import { findType } from "../../../control-plane/src/domain/catalogue.ts";
import { assertOver, bound, firstPod, makeReady, settle } from "./lifecycle.ts";
import { startFixture, type Fixture } from "./fixture.ts";

describe("time", () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await startFixture();
    await fixture.kubelet.addNode("h100-1", "h100", 8);
    await fixture.reconcile("capacity");
  });
  afterEach(() => fixture.stop());

  it("R7: nine hours in the queue count against neither the start budget nor the lease", async () => {
    const first = await makeReady(fixture, { gpus: 8, seconds: 9 * 3_600 });
    const second = await fixture.reserve({ gpus: 8, seconds: 3_600 });
    assert.equal((await fixture.advance(second)).state, "queued");
    assert.match(
      (await fixture.read(second)).waitingReason ?? "",
      /^Needs 8 H100 on one node\. None is free\./,
    );
    fixture.clock.step(9 * Hour.ms);
    await settle(fixture, first);
    const placed = await fixture.advance(second);
    assert.equal(placed.state, "starting");
    fixture.clock.step(9 * Minute.ms);
    await fixture.reconcile("reservation", second);
    assert.equal(
      (await fixture.read(second)).state,
      "starting",
      "its start budget began when it was placed",
    );
    await bound(fixture, firstPod(second));
    await fixture.kubelet.run(firstPod(second));
    await fixture.reconcile("reservation", second);
    const row = await fixture.read(second);
    assert.equal(row.expiresAt?.getTime(), fixture.clock.now().getTime() + Hour.ms);
  });

  it("a lease expires automatically, with one warning each at 30, 15 and 5 minutes", async () => {
    const id = await makeReady(fixture, { seconds: 3_600 });
    for (const minutes of [29, 2, 14, 1, 10, 0]) {
      fixture.clock.step(minutes * Minute.ms);
      await Promise.all([1, 2, 3].map(() => fixture.reconcile("reservation", id)));
    }
    const warned = () =>
      fixture
        .events(id)
        .then((all) =>
          all
            .filter((event) => event.type === "reservation.warning")
            .map((event) => (event.data as { minutes: number }).minutes),
        );
    assert.deepEqual(await warned(), [30, 15, 5]);
    fixture.clock.step(4 * Minute.ms);
    const row = await settle(fixture, id);
    assert.deepEqual([row.state, row.endReason], ["ended", "expired"]);
    assert.deepEqual(await warned(), [30, 15, 5]);
  });

  it("a lease of five minutes is not warned about immediately", async () => {
    const id = await makeReady(fixture, { seconds: 300 });
    await fixture.reconcile("reservation", id);
    const types = (await fixture.events(id)).map((event) => event.type);
    assert.ok(!types.includes("reservation.warning"));
  });

  it("R11: a clock that is behind or jumps back ends nothing early and warns once", async () => {
    const id = await makeReady(fixture, { seconds: 3_600 });
    fixture.clock.step(59 * Minute.ms);
    await fixture.reconcile("reservation", id);
    fixture.clock.step(-3 * Hour.ms);
    await fixture.reconcile("reservation", id);
    assert.equal((await fixture.read(id)).state, "ready");
    fixture.clock.step(3 * Hour.ms + 59_000);
    await fixture.reconcile("reservation", id);
    assert.equal((await fixture.read(id)).state, "ready", "a second before its end");
    fixture.clock.step(1_000);
    const row = await settle(fixture, id);
    assert.equal(row.endReason, "expired");
    await assertOver(fixture, id, ["reservation.ended"]);
    const warnings = (await fixture.events(id)).filter((e) => e.type === "reservation.warning");
    assert.equal(warnings.length, 1, "one at five minutes, none repeated after the jump");
  });

  it("R13: every state is left by its exit once it is older than its maximum age", async () => {
    const walked: ReservationState[] = [];
    for (const [state, { exit }] of Object.entries(MAXIMUM_AGES)) {
      if (exit.kind === "final") continue;
      walked.push(state as ReservationState);
      const id = await reach(state as ReservationState);
      const row = await fixture.read(id);
      assert.equal(row.state, state);
      const type = findType(fixture.context.catalogue, row.gpuType);
      assert.ok(type);
      const until = MAXIMUM_AGES[row.state].until(row, type, fixture.context.catalogue);
      assert.ok(until);
      fixture.clock.step(until.getTime() - fixture.clock.now().getTime() + Minute.ms);
      if (state === "stopping") await fixture.kubelet.setNodeReady("h100-1", false);
      // A start fails only once the cluster has been available for a minute.
      await fixture.reconcile("reservation", id);
      fixture.clock.step(61_000);
      const over = await settle(fixture, id);
      const expected = exit.kind === "stopping" ? exit.reason : "cancelled";
      assert.equal(over.endReason, expected, state);
      await assertOver(fixture, id, ["reservation.stopping"]);
    }
    assert.deepEqual(walked, ["queued", "starting", "ready", "stopping"]);
  });

  async function reach(state: ReservationState) {
    if (state === "queued") return fixture.reserve();
    if (state === "starting") {
      const id = await fixture.reserve();
      await fixture.advance(id);
      return id;
    }
    const id = await makeReady(fixture);
    if (state === "ready") return id;
    await fixture.cancel(id);
    await fixture.reconcile("reservation", id);
    return id;
  }
});
