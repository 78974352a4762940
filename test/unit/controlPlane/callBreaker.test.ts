import assert from "node:assert/strict";
import { CallBreaker } from "../../../control-plane/src/cluster/callBreaker.ts";

describe("calls to a server that answers nothing", () => {
  it("R9: are made until five in a row ran out of time, then one a second, and all again once one is answered", () => {
    const breaker = new CallBreaker();
    for (let time = 0; time < 4; time += 1) breaker.timedOut();
    breaker.answered();
    for (let time = 0; time < 4; time += 1) breaker.timedOut();
    assert.equal(breaker.allows(10_000), true);
    breaker.timedOut();
    assert.deepEqual(
      [10_000, 10_001, 10_999, 11_000, 11_001].map((now) => breaker.allows(now)),
      [true, false, false, true, false],
    );
    breaker.answered();
    assert.equal(breaker.allows(11_002), true);
  });
});
