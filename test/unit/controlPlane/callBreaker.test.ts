import assert from "node:assert/strict";
import { CallBreaker } from "../../../control-plane/src/cluster/callBreaker.ts";

describe("calls to a server that does not respond", () => {
  it("R9: five timeouts in a row limit calls to one per second, until the server responds", () => {
    const breaker = new CallBreaker();
    for (let time = 0; time < 4; time += 1) breaker.timedOut();
    breaker.responded();
    for (let time = 0; time < 4; time += 1) breaker.timedOut();
    assert.equal(breaker.allows(10_000), true);
    breaker.timedOut();
    assert.deepEqual(
      [10_000, 10_001, 10_999, 11_000, 11_001].map((now) => breaker.allows(now)),
      [true, false, false, true, false],
    );
    breaker.responded();
    assert.equal(breaker.allows(11_002), true);
  });
});
