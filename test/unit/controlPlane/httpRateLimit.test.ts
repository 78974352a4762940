import assert from "node:assert/strict";
import { etagOf, matchesEtag } from "../../../control-plane/src/http/router.ts";
import { createRateLimit } from "../../../control-plane/src/http/rateLimit.ts";

describe("the rate limit", () => {
  const clockAt = (ms: { now: number }) => ({ now: () => new Date(ms.now) });

  it("lets a burst through, then the rate, for each caller apart", () => {
    const time = { now: 0 };
    const limit = createRateLimit({ perSecond: 2, burst: 3 }, clockAt(time));
    const allowed = (caller: string): boolean => {
      try {
        limit(caller);
        return true;
      } catch (error) {
        assert.equal((error as { code: string }).code, "rate_limited");
        assert.equal((error as { headers: Record<string, string> }).headers["retry-after"], "1");
        return false;
      }
    };
    assert.deepEqual(
      [1, 2, 3, 4].map(() => allowed("a")),
      [true, true, true, false],
    );
    assert.ok(allowed("b"), "another caller has a bucket of its own");
    time.now = 500;
    assert.deepEqual(
      [1, 2].map(() => allowed("a")),
      [true, false],
    );
    time.now = 400;
    assert.ok(!allowed("a"), "time that goes back fills nothing");
    time.now = 1_000_000;
    assert.deepEqual(
      [1, 2, 3, 4].map(() => allowed("a")),
      [true, true, true, false],
      "never more than a burst",
    );
  });
});

describe("ETags", () => {
  it("lead with the generation and change with any part of the content", () => {
    const one = etagOf({ generation: 4 }, "a");
    assert.match(one, /^W\/"4-/);
    assert.notEqual(one, etagOf({ generation: 4 }, "b"));
    assert.ok(matchesEtag(one, one));
    assert.ok(matchesEtag(`"x", ${one}`, one));
    assert.ok(matchesEtag(one.slice(2), one), "weak comparison");
    assert.ok(!matchesEtag('W/"4-other"', one));
    assert.ok(!matchesEtag(undefined, one));
  });
});
