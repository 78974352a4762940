import assert from "node:assert/strict";
import {
  capacityUntil,
  dueWarning,
  expiresAt,
  nextLeaseMoment,
} from "../../../control-plane/src/domain/leaseTime.ts";

const BUDGETS = { startBudgetSeconds: 600, teardownBudgetSeconds: 300 };
const at = (time: string) => new Date(`2026-03-01T${time}:00Z`);

describe("lease time", () => {
  it("sets the end of the capacity at placement, so that a slow start only shortens the lease", () => {
    const until = capacityUntil(at("12:00"), 3_600, BUDGETS);
    assert.deepEqual(until, at("13:15"));
    assert.deepEqual(expiresAt(at("12:01"), 3_600, until, BUDGETS), at("13:01"));
    assert.deepEqual(expiresAt(at("12:30"), 3_600, until, BUDGETS), at("13:10"));
  });

  it("warns 30, 15 and 5 minutes before the end, if that time is within the lease", () => {
    const hour = { readyAt: at("12:00"), expiresAt: at("13:00") };
    assert.equal(dueWarning(at("12:29"), hour), undefined);
    assert.equal(dueWarning(at("12:30"), hour), 30);
    assert.equal(dueWarning(at("12:46"), hour), 15);
    assert.equal(dueWarning(at("12:55"), hour), 5);
    const short = { readyAt: at("12:00"), expiresAt: at("12:05") };
    assert.equal(dueWarning(at("12:04"), short), undefined);
  });

  it("returns the time of the next warning, and the end of the lease after the last warning", () => {
    const hour = { readyAt: at("12:00"), expiresAt: at("13:00") };
    assert.deepEqual(nextLeaseMoment(at("12:00"), hour), at("12:30"));
    assert.deepEqual(nextLeaseMoment(at("12:30"), hour), at("12:45"));
    assert.deepEqual(nextLeaseMoment(at("12:55"), hour), at("13:00"));
  });
});
