import assert from "node:assert/strict";
import { createLeaseWarnings, leaseTexts } from "../../../dev-cluster/src/podServer/lease.ts";
import { Hour, Minute, Second } from "../../../dev-cluster/src/platform/clock.ts";

const START = Date.parse("2026-11-28T10:00:00Z");

/** How many minutes before the end warnings are given, to a server that checks every 5 s. */
function warningsOf(lengthMs: number, warnings = createLeaseWarnings()): number[] {
  const end = START + lengthMs;
  const minutes = [];
  for (let now = START; now < end + Minute.ms; now += 5 * Second.ms) {
    if (warnings.isDue(end, now)) minutes.push(Math.round((end - now) / Minute.ms));
  }
  return minutes;
}

describe("the warnings of a lease", () => {
  it("come 30, 15 and 5 minutes before the end, each once", () => {
    assert.deepEqual(warningsOf(2 * Hour.ms), [30, 15, 5]);
  });

  it("leave out those that a lease is no longer than", () => {
    assert.deepEqual(warningsOf(30 * Minute.ms), [15, 5]);
    assert.deepEqual(warningsOf(5 * Minute.ms), []);
    assert.deepEqual(warningsOf(Minute.ms), []);
  });

  it("start over after an extension", () => {
    const warnings = createLeaseWarnings();
    assert.deepEqual(warningsOf(20 * Minute.ms, warnings), [15, 5]);
    assert.deepEqual(warningsOf(40 * Minute.ms, warnings), [30, 15, 5]);
  });

  it("are not repeated by a server that restarts", () => {
    assert.equal(createLeaseWarnings().isDue(START + 15 * Minute.ms, START + Second.ms), false);
  });

  it("do not come before the lease has an end", () => {
    assert.equal(createLeaseWarnings().isDue(undefined, START), false);
  });
});

describe("the texts about a lease", () => {
  const texts = leaseTexts("demo");

  it("say when it ends and how to extend it", () => {
    assert.equal(
      texts.greeting(START + 90 * Minute.ms, START),
      "The lease ends at 11:30 UTC, in 1 h 30 min. To extend it, run on your computer: gpu-dev extend demo",
    );
    assert.equal(texts.greeting(undefined, START), "");
  });

  it("tell the end of the lease from an earlier end, also with a clock that is behind", () => {
    const end = START + 30 * Second.ms;
    assert.match(texts.ended(end, START), /^The lease of demo ended at 10:00 UTC\./);
    assert.match(texts.ended(START + Hour.ms, START), /^demo was stopped before the end/);
    assert.match(texts.ended(undefined, START), /gpu-dev show demo/);
  });
});
