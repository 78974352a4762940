import assert from "node:assert/strict";
import { etagOf, matchesEtag } from "../../../control-plane/src/http/router.ts";
import { createRateLimit } from "../../../control-plane/src/http/rateLimit.ts";

describe("the rate limit", () => {
  const clockAt = (ms: { now: number }) => ({ now: () => new Date(ms.now) });

  it("allows a burst, then the rate, separately for each caller", () => {
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
    assert.ok(allowed("b"), "another caller has a separate bucket");
    time.now = 500;
    assert.deepEqual(
      [1, 2].map(() => allowed("a")),
      [true, false],
    );
    time.now = 400;
    assert.ok(!allowed("a"), "time that runs backwards refills nothing");
    time.now = 1_000_000;
    assert.deepEqual(
      [1, 2, 3, 4].map(() => allowed("a")),
      [true, true, true, false],
      "never more than a burst",
    );
  });
});

describe("ETags", () => {
  it("begin with the generation and change with any part of the content", () => {
    const etag = etagOf({ generation: 4 }, "a");
    assert.match(etag, /^W\/"4-/);
    assert.notEqual(etag, etagOf({ generation: 4 }, "b"));
    assert.ok(matchesEtag(etag, etag));
    assert.ok(matchesEtag(`"x", ${etag}`, etag));
    assert.ok(matchesEtag(etag.slice(2), etag), "weak comparison");
    assert.ok(!matchesEtag('W/"4-other"', etag));
    assert.ok(!matchesEtag(undefined, etag));
  });
});
