import assert from "node:assert/strict";
import { createRereadQueue } from "../../../extension/src/live/rereadQueue.ts";

/** A clock that the test advances, and reads that end when the test ends them. */
function setUp() {
  let time = 0;
  const due: { at: number; run: () => void }[] = [];
  const started: string[] = [];
  const ends: (() => void)[] = [];
  const queue = createRereadQueue<string>({
    elapsed: () => time,
    schedule: (ms, run) => {
      const entry = { at: time + ms, run };
      due.push(entry);
      return () => void due.splice(due.indexOf(entry), 1);
    },
    read: (key) => {
      started.push(`${key}@${String(time)}`);
      const { promise, resolve } = Promise.withResolvers<undefined>();
      ends.push(() => {
        resolve(undefined);
      });
      return promise;
    },
  });
  const advance = (to: number) => {
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
  return { queue, started, advance, endRead };
}

describe("the extension's reread queue", () => {
  it("merges requests for one key into one read, and reads other keys independently", () => {
    const { queue, started, advance } = setUp();
    queue.request("a", 50);
    advance(20);
    queue.request("a", 50);
    queue.request("b", 50);
    advance(50);
    assert.deepEqual(started, ["a@50"]);
    advance(70);
    assert.deepEqual(started, ["a@50", "b@70"]);
  });

  it("reads once more after requests during a read", async () => {
    const { queue, started, advance, endRead } = setUp();
    queue.request("a", 50);
    advance(50);
    queue.request("a", 50);
    queue.request("a", 80);
    advance(200);
    assert.deepEqual(started, ["a@50"], "not while a read is in progress");
    await endRead();
    advance(250);
    assert.deepEqual(started, ["a@50", "a@250"]);
    await endRead();
    advance(1_000);
    assert.equal(started.length, 2);
  });

  it("brings a read forward for an urgent request", () => {
    const { queue, started, advance } = setUp();
    queue.request("a", 1_000);
    queue.request("a", 0);
    advance(1);
    advance(1_000);
    assert.deepEqual(started, ["a@1"]);
  });

  it("starts no read after it was stopped", async () => {
    const { queue, started, advance, endRead } = setUp();
    queue.request("a", 50);
    advance(50);
    queue.request("a", 50);
    queue.request("b", 50);
    queue.stop();
    await endRead();
    queue.request("c", 0);
    advance(1_000);
    assert.deepEqual(started, ["a@50"]);
  });
});
