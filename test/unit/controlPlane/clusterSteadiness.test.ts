import assert from "node:assert/strict";
import { ClusterSteadiness } from "../../../control-plane/src/reconcilers/clusterSteadiness.ts";

describe("how long the cluster has answered", () => {
  let now = 0;
  const at = (seconds: number, steadiness: ClusterSteadiness, told?: "answered" | "failed") => {
    now = seconds * 1_000;
    if (told) steadiness[told]();
    return steadiness.steadyAt(60_000).getTime() / 1_000;
  };
  const begin = () => new ClusterSteadiness({ now: () => new Date(now) });

  it("R13: calls that fail beside others that are answered put off no deadline", () => {
    const steadiness = begin();
    at(0, steadiness, "answered");
    for (const second of [10, 20, 30]) {
      at(second, steadiness, "failed");
      assert.equal(at(second + 1, steadiness, "answered"), 60);
    }
  });

  it("R9: a failure when nothing has been answered for a while is an outage, and steadiness begins anew after it", () => {
    const steadiness = begin();
    at(0, steadiness, "answered");
    assert.equal(at(14, steadiness, "failed"), 60);
    assert.equal(at(16, steadiness, "failed"), 76);
    assert.equal(at(40, steadiness, "failed"), 100);
    assert.equal(at(50, steadiness, "answered"), 110);
    assert.equal(at(55, steadiness, "answered"), 110);
  });
});
