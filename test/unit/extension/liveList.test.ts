import assert from "node:assert/strict";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import {
  changedIds,
  missingFrom,
  withAnswer,
  withoutOld,
  withReading,
} from "../../../extension/src/live/reservationList.ts";

const at = (hour: number) => new Date(Date.UTC(2026, 10, 23, hour)).toISOString();

function reservation(n: number, more: Partial<Reservation> = {}): Reservation {
  // Only what the list looks at.
  const part = {
    id: `r${String(n)}`,
    state: "queued",
    createdAt: at(n),
    endedAt: null,
    generation: 1,
  };
  return { ...part, ...more } as unknown as Reservation;
}

const ids = (list: readonly Reservation[]) => list.map(({ id }) => id);

describe("the extension's list of reservations", () => {
  const [one, two, three] = [reservation(1), reservation(2), reservation(3)];

  it("takes a newer answer in, newest reservation first", () => {
    const changed = { ...two, generation: 2 };
    assert.deepEqual(withAnswer([three, two, one], changed), [three, changed, one]);
    assert.deepEqual(ids(withAnswer([two, one], three)), ["r3", "r2", "r1"]);
  });

  it("drops an answer that was overtaken, and keeps the objects of one that says the same", () => {
    const list = [three, { ...two, generation: 5 }];
    assert.equal(withAnswer(list, two), list);
    assert.equal(withAnswer([three], { ...three }).at(0), three);
    const moved = { ...three, phaseDetail: "moved up" };
    assert.deepEqual(withAnswer([three], moved), [moved]);
  });

  it("a reading replaces the list, but for what was learned since it began", () => {
    const newer = { ...two, generation: 2 };
    assert.deepEqual(withReading([three, newer, one], [two], new Set(["r3"])), [three, newer]);
    assert.deepEqual(withReading(null, [one, two], new Set()), [two, one]);
  });

  it("a reservation that ended during a reading stands in both lists: the later answer counts", () => {
    const ended = { ...two, state: "ended" as const, generation: 2 };
    assert.deepEqual(withReading(null, [two, ended], new Set()), [ended]);
    assert.deepEqual(withReading(null, [ended, two], new Set()), [ended]);
  });

  it("keeps what ended for a day", () => {
    const ended = reservation(4, { state: "ended", endedAt: at(6) });
    const list = [ended, one];
    assert.equal(withoutOld(list, new Date(at(30))), list);
    assert.deepEqual(withoutOld(list, new Date(Date.parse(at(30)) + 1)), [one]);
  });

  it("names what changed, and the live ones that a list of live ones lacks", () => {
    const changed = { ...two, generation: 2 };
    assert.deepEqual(changedIds([one, two], [three, changed, one]).sort(), ["r2", "r3"]);
    const over = reservation(5, { state: "failed", endedAt: at(5) });
    assert.deepEqual(missingFrom([one, two, over], [two]), [one]);
  });
});
