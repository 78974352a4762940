import assert from "node:assert/strict";
import { createKubeMirror } from "../../../control-plane/src/cluster/kubeMirror.ts";

interface View {
  readonly name: string;
  readonly phase: string;
}

describe("what is kept of a watch", () => {
  const mirror = () => createKubeMirror<View>(({ name }) => name);
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

  it("never says that something is absent: what it has not been told of is unknown", () => {
    const kept = mirror();
    kept.follow(true);
    assert.equal(kept.find("made a moment ago"), undefined);
  });
});
