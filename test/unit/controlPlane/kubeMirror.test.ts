import assert from "node:assert/strict";
import { createKubeMirror } from "../../../control-plane/src/cluster/kubeMirror.ts";

interface View {
  readonly name: string;
  readonly phase: string;
}

describe("what is kept of a watch", () => {
  let now = new Date(0);
  const mirror = () => {
    const kept = createKubeMirror<View>(({ name }) => name, { now: () => now });
    return { ...kept, all: () => kept.all()?.views, at: () => kept.all()?.at };
  };
  const a = { name: "a", phase: "Pending" };
  const b = { name: "b", phase: "Running" };

  it("R9: answers nothing before its watch follows, and nothing while it is interrupted", () => {
    const kept = mirror();
    kept.replace([a]);
    assert.deepEqual([kept.all(), kept.find("a")], [undefined, undefined]);
    kept.follow(true);
    assert.deepEqual([kept.all(), kept.find("a")], [[a], a]);
    kept.follow(false);
    assert.deepEqual([kept.all(), kept.find("a")], [undefined, undefined]);
  });

  it("takes changes, and forgets what a new list does not have", () => {
    const kept = mirror();
    kept.follow(true);
    kept.take(a, "added");
    kept.take({ ...a, phase: "Running" }, "modified");
    assert.equal(kept.find("a")?.phase, "Running");
    kept.take(b, "added");
    kept.take(a, "deleted");
    assert.deepEqual(kept.all(), [b]);
    kept.replace([a]);
    assert.deepEqual(kept.all(), [a]);
  });

  it("says of when it is: of the last time that the server said something", () => {
    const kept = mirror();
    kept.follow(true);
    now = new Date(5_000);
    kept.confirm();
    now = new Date(9_000);
    assert.deepEqual(kept.at(), new Date(5_000));
  });

  it("does not answer for what was just deleted until the server told of it, and counts it until then", () => {
    const kept = mirror();
    kept.follow(true);
    kept.take(a, "added");
    kept.forget("a");
    assert.deepEqual([kept.find("a"), kept.all()], [undefined, [a]]);
    kept.take(b, "modified");
    assert.equal(kept.find("a"), undefined);
    kept.take(a, "modified");
    assert.equal(kept.find("a"), a);
  });

  it("never says that something is absent: what it has not been told of is unknown", () => {
    const kept = mirror();
    kept.follow(true);
    assert.equal(kept.find("made a moment ago"), undefined);
  });
});
