import assert from "node:assert/strict";
import { reservationId } from "@gpu-dev/shared/ids.ts";
import { candidatesFor } from "../../../extension/src/reservation/candidates.ts";
import { aDisk, aReservation, iso } from "./treeFixtures.ts";

const id = (n: number) => reservationId.parse(String(n).padStart(16, "0"));
const ready = aReservation({ id: id(1), name: "one" });
const queued = aReservation({ id: id(2), name: "two", state: "queued" });
const held = aDisk({ heldBy: { reservationId: id(2), name: "two", until: iso(60) } });
const free = aDisk({ id: "00000000000000d2", name: "spare" });
const state = { reservations: [ready, queued], disks: [held, free] };
const isReady = (one: { state: string }) => one.state === "ready";

describe("which reservation a command is about", () => {
  it("is the target's own, though the command could do nothing with it", () => {
    const target = { kind: "reservation", id: id(2) } as const;
    assert.deepEqual(candidatesFor(state, target, isReady), { kind: "one", reservation: queued });
  });

  it("is said to be gone when the target is not in the list any more, not replaced by another", () => {
    const target = { kind: "reservation", id: id(9) } as const;
    assert.deepEqual(candidatesFor(state, target, isReady), { kind: "gone" });
  });

  it("is the holder of a disk, and none for a disk that nobody holds", () => {
    const of = (name: string) => candidatesFor(state, { kind: "disk", name }, isReady);
    assert.deepEqual(of("work"), { kind: "one", reservation: queued });
    assert.deepEqual(of("spare"), { kind: "none" });
  });

  it("is the only eligible one, a choice of several, or none", () => {
    assert.deepEqual(candidatesFor(state, null, isReady), { kind: "one", reservation: ready });
    assert.deepEqual(
      candidatesFor(state, null, () => true),
      { kind: "several", reservations: [ready, queued] },
    );
    assert.deepEqual(
      candidatesFor(state, null, () => false),
      { kind: "none" },
    );
    const unread = { reservations: null, disks: null };
    assert.deepEqual(
      candidatesFor(unread, null, () => true),
      { kind: "none" },
    );
  });
});
