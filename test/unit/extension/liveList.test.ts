import assert from "node:assert/strict";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import {
  changedIds,
  missingFrom,
  withReservation,
  withoutOld,
  withReading,
} from "../../../extension/src/live/reservationList.ts";

const at = (hour: number) => new Date(Date.UTC(2026, 10, 23, hour)).toISOString();

function reservation(n: number, more: Partial<Reservation> = {}): Reservation {
  // Only the fields that the list uses.
  const part = {
    id: `r${String(n)}`,
    state: "queued",
    createdAt: at(n),
    endedAt: undefined,
    generation: 1,
  };
  return { ...part, ...more } as unknown as Reservation;
}

const ids = (list: readonly Reservation[]) => list.map(({ id }) => id);

describe("the extension's list of reservations", () => {
  const [one, two, three] = [reservation(1), reservation(2), reservation(3)];

  it("applies a newer version of a reservation, and keeps the newest first", () => {
    const changed = { ...two, generation: 2 };
    assert.deepEqual(withReservation([three, two, one], changed), [three, changed, one]);
    assert.deepEqual(ids(withReservation([two, one], three)), ["r3", "r2", "r1"]);
  });

  it("ignores a stale version, and keeps the object if the version is equal", () => {
    const list = [three, { ...two, generation: 5 }];
    assert.equal(withReservation(list, two), list);
    assert.equal(withReservation([three], { ...three }).at(0), three);
    const moved = { ...three, phaseDetail: "moved up" };
    assert.deepEqual(withReservation([three], moved), [moved]);
  });

  it("is replaced by a full read, except for reservations that changed since the read started", () => {
    const newer = { ...two, generation: 2 };
    assert.deepEqual(withReading([three, newer, one], [two], new Set(["r3"])), [three, newer]);
    assert.deepEqual(withReading(undefined, [one, two], new Set()), [two, one]);
  });

  it("takes the newer generation of a reservation that ended during a read", () => {
    const ended = { ...two, state: "ended" as const, generation: 2 };
    assert.deepEqual(withReading(undefined, [two, ended], new Set()), [ended]);
    assert.deepEqual(withReading(undefined, [ended, two], new Set()), [ended]);
  });

  it("keeps ended reservations for a day", () => {
    const ended = reservation(4, { state: "ended", endedAt: at(6) });
    const list = [ended, one];
    assert.equal(withoutOld(list, new Date(at(30))), list);
    assert.deepEqual(withoutOld(list, new Date(Date.parse(at(30)) + 1)), [one]);
  });

  it("reports what changed, and which live reservations a list of live ones lacks", () => {
    const changed = { ...two, generation: 2 };
    assert.deepEqual(changedIds([one, two], [three, changed, one]).sort(), ["r2", "r3"]);
    const ended = reservation(5, { state: "failed", endedAt: at(5) });
    assert.deepEqual(missingFrom([one, two, ended], [two]), [one]);
  });
});
