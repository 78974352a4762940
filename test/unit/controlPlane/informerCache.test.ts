import assert from "node:assert/strict";
import { createInformerCache } from "../../../control-plane/src/cluster/informerCache.ts";

interface View {
  readonly name: string;
  readonly phase: string;
}

describe("the cache of an informer", () => {
  let now = new Date(0);
  const create = () => {
    const cache = createInformerCache<View>(({ name }) => name, { now: () => now });
    return { ...cache, all: () => cache.all()?.views, at: () => cache.all()?.at };
  };
  const a = { name: "a", phase: "Pending" };
  const b = { name: "b", phase: "Running" };

  it("R9: returns nothing before its watch is synced, nor while the watch is interrupted", () => {
    const cache = create();
    cache.replace([a]);
    assert.deepEqual([cache.all(), cache.find("a")], [undefined, undefined]);
    cache.setSynced(true);
    assert.deepEqual([cache.all(), cache.find("a")], [[a], a]);
    cache.setSynced(false);
    assert.deepEqual([cache.all(), cache.find("a")], [undefined, undefined]);
  });

  it("applies changes, and drops what a new list does not contain", () => {
    const cache = create();
    cache.setSynced(true);
    cache.apply(a, "added");
    cache.apply({ ...a, phase: "Running" }, "modified");
    assert.equal(cache.find("a")?.phase, "Running");
    cache.apply(b, "added");
    cache.apply(a, "deleted");
    assert.deepEqual(cache.all(), [b]);
    cache.replace([a]);
    assert.deepEqual(cache.all(), [a]);
  });

  it("reports the time of its state: when the server was last heard from", () => {
    const cache = create();
    cache.setSynced(true);
    now = new Date(5_000);
    cache.touch();
    now = new Date(9_000);
    assert.deepEqual(cache.at(), new Date(5_000));
  });

  it("does not return an object that was just deleted until the watch reports it, but lists it until then", () => {
    const cache = create();
    cache.setSynced(true);
    cache.apply(a, "added");
    cache.invalidate("a");
    assert.deepEqual([cache.find("a"), cache.all()], [undefined, [a]]);
    cache.apply(b, "modified");
    assert.equal(cache.find("a"), undefined);
    cache.apply(a, "modified");
    assert.equal(cache.find("a"), a);
  });

  it("never reports an absence: an object that was not reported yet is unknown", () => {
    const cache = create();
    cache.setSynced(true);
    assert.equal(cache.find("created-a-moment-ago"), undefined);
  });
});
