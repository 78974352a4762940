import assert from "node:assert/strict";
import { createRereads } from "../../../extension/src/live/rereads.ts";

/** Time that only the test moves, and reads that end when the test says so. */
function setUp() {
  let time = 0;
  const due: { at: number; run: () => void }[] = [];
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const rereads = createRereads<string>({
    elapsed: () => time,
    later: (ms, run) => {
      const entry = { at: time + ms, run };
      due.push(entry);
      return () => void due.splice(due.indexOf(entry), 1);
    },
    read: (key) => {
      begun.push(`${key}@${String(time)}`);
      const { promise, resolve } = Promise.withResolvers<undefined>();
      ends.push(() => {
        resolve(undefined);
      });
      return promise;
    },
  });
  const go = (to: number) => {
    time = to;
    for (const entry of due.filter(({ at }) => at <= to)) {
      due.splice(due.indexOf(entry), 1);
      entry.run();
    }
  };
  const endRead = async () => {
    ends.shift()?.();
    await new Promise(setImmediate);
  };
  return { rereads, begun, go, endRead };
}

describe("the extension's rereads", () => {
  it("make one read of several reasons, and another key waits for nobody", () => {
    const { rereads, begun, go } = setUp();
    rereads.ask("a", 50);
    go(20);
    rereads.ask("a", 50);
    rereads.ask("b", 50);
    go(50);
    assert.deepEqual(begun, ["a@50"]);
    go(70);
    assert.deepEqual(begun, ["a@50", "b@70"]);
  });

  it("read once more after a read that may have begun too early, and only once", async () => {
    const { rereads, begun, go, endRead } = setUp();
    rereads.ask("a", 50);
    go(50);
    rereads.ask("a", 50);
    rereads.ask("a", 80);
    go(200);
    assert.deepEqual(begun, ["a@50"], "not while it is under way");
    await endRead();
    go(250);
    assert.deepEqual(begun, ["a@50", "a@250"]);
    await endRead();
    go(1_000);
    assert.equal(begun.length, 2);
  });

  it("an urgent reason brings a read forward", () => {
    const { rereads, begun, go } = setUp();
    rereads.ask("a", 1_000);
    rereads.ask("a", 0);
    go(1);
    go(1_000);
    assert.deepEqual(begun, ["a@1"]);
  });

  it("begin nothing once they are stopped", async () => {
    const { rereads, begun, go, endRead } = setUp();
    rereads.ask("a", 50);
    go(50);
    rereads.ask("a", 50);
    rereads.ask("b", 50);
    rereads.stop();
    await endRead();
    rereads.ask("c", 0);
    go(1_000);
    assert.deepEqual(begun, ["a@50"]);
  });
});
