import assert from "node:assert/strict";
import { createClusterAvailability } from "../../../control-plane/src/reconcilers/clusterAvailability.ts";

describe("availability of the cluster", () => {
  let seconds = 0;
  const create = () => createClusterAvailability({ now: () => new Date(seconds * 1_000) });
  const report = (
    availability: ReturnType<typeof create>,
    at: number,
    outcome: "succeeded" | "failed",
  ) => {
    seconds = at;
    availability[outcome]();
    return availability.stableSince().getTime() / 1_000;
  };

  it("R13: failed calls between successful ones do not postpone a deadline", () => {
    const availability = create();
    report(availability, 0, "succeeded");
    for (const second of [10, 20, 30]) {
      report(availability, second, "failed");
      assert.equal(report(availability, second + 1, "succeeded"), 0);
    }
  });

  it("R9: a failure without a recent success is an outage, and stability restarts after it", () => {
    const availability = create();
    report(availability, 0, "succeeded");
    assert.equal(report(availability, 14, "failed"), 0);
    assert.equal(report(availability, 16, "failed"), 16);
    assert.equal(report(availability, 40, "failed"), 40);
    assert.equal(report(availability, 50, "succeeded"), 50);
    assert.equal(report(availability, 55, "succeeded"), 50);
  });

  it("R9: a long gap without any response restarts stability", () => {
    const availability = create();
    report(availability, 0, "succeeded");
    assert.equal(report(availability, 90, "succeeded"), 0);
    assert.equal(report(availability, 181, "succeeded"), 181);
  });
});
