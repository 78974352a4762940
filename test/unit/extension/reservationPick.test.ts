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
const isReady = ({ state }: { state: string }) => state === "ready";

describe("the reservation that a command acts on", () => {
  it("is the target, even if it is not eligible", () => {
    const target = { kind: "reservation", id: id(2) } as const;
    assert.deepEqual(candidatesFor(state, target, isReady), { kind: "one", reservation: queued });
  });

  it("is reported as gone if the target is no longer in the list; no other replaces it", () => {
    const target = { kind: "reservation", id: id(9) } as const;
    assert.deepEqual(candidatesFor(state, target, isReady), { kind: "gone" });
  });

  it("is the holder of a disk, and none for a free disk", () => {
    const of = (name: string) => candidatesFor(state, { kind: "disk", name }, isReady);
    assert.deepEqual(of("work"), { kind: "one", reservation: queued });
    assert.deepEqual(of("spare"), { kind: "none" });
  });

  it("is the only eligible reservation, a choice of several, or none", () => {
    assert.deepEqual(candidatesFor(state, undefined, isReady), { kind: "one", reservation: ready });
    assert.deepEqual(
      candidatesFor(state, undefined, () => true),
      { kind: "several", reservations: [ready, queued] },
    );
    assert.deepEqual(
      candidatesFor(state, undefined, () => false),
      { kind: "none" },
    );
    const unread = { reservations: undefined, disks: undefined };
    assert.deepEqual(
      candidatesFor(unread, undefined, () => true),
      { kind: "none" },
    );
  });
});
