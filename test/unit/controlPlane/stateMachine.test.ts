import assert from "node:assert/strict";
import { RESERVATION_STATES } from "@gpu-dev/shared/states.ts";
import { MAXIMUM_AGES } from "../../../control-plane/src/domain/maximumAges.ts";
import { canMove, TRANSITIONS } from "../../../control-plane/src/domain/reservation.ts";

describe("the state machine", () => {
  it("allows these transitions and no others", () => {
    const allowed = RESERVATION_STATES.flatMap((from) =>
      RESERVATION_STATES.filter((to) => canMove(from, to)).map((to) => `${from} -> ${to}`),
    );
    assert.deepEqual(allowed, [
      "queued -> starting",
      "queued -> stopping",
      "starting -> queued",
      "starting -> ready",
      "starting -> stopping",
      "ready -> stopping",
      "stopping -> ended",
      "stopping -> failed",
    ]);
  });

  it("R13: every state that is not final has a maximum age, after which an allowed transition leaves it", () => {
    for (const state of RESERVATION_STATES) {
      const { exit } = MAXIMUM_AGES[state];
      assert.equal(exit.kind === "final", TRANSITIONS[state].length === 0, state);
      if (exit.kind === "stopping") assert.ok(canMove(state, "stopping"), state);
    }
  });
});
