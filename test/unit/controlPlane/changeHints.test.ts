import assert from "node:assert/strict";
import { mock } from "node:test";
import type { UserId } from "@gpu-dev/shared/ids.ts";
import { gatherChanges } from "../../../control-plane/src/operations/changeHints.ts";

const ADA = "0000000000000001" as UserId;
const BOB = "0000000000000002" as UserId;

describe("hints of changes", () => {
  let sent: string[];
  let changes: ReturnType<typeof gatherChanges>;
  beforeEach(() => {
    mock.timers.enable({ apis: ["setTimeout"] });
    sent = [];
    changes = gatherChanges(({ availability, waiting }) => {
      const owners = waiting === "everybody" ? [waiting] : [...waiting];
      sent.push([...(availability ? ["availability"] : []), ...owners].join(" "));
    });
  });
  afterEach(() => {
    mock.timers.reset();
  });
  const pass = (milliseconds: number) => {
    mock.timers.tick(milliseconds);
  };
  const take = () => sent.splice(0);

  it("go out within 50 ms, together with what else the same request sets off", () => {
    changes.add({ what: "availability" });
    pass(10);
    changes.add({ what: "waiting", ownerId: ADA });
    changes.add({ what: "waiting", ownerId: ADA });
    pass(40);
    assert.deepEqual(take(), [`availability ${ADA}`]);
  });

  it("come at most once a second after that, and the last one is not lost", () => {
    changes.add({ what: "availability" });
    pass(50);
    assert.deepEqual(take(), ["availability"]);
    for (let n = 0; n < 90; n += 1) {
      changes.add(n === 40 ? { what: "waiting", ownerId: BOB } : { what: "availability" });
      pass(10);
    }
    assert.deepEqual(take(), []);
    pass(100);
    assert.deepEqual(take(), [`availability ${BOB}`]);
    pass(5_000);
    assert.deepEqual(take(), []);
    changes.add({ what: "waiting", ownerId: ADA });
    pass(50);
    assert.deepEqual(take(), [ADA], "after a pause the next one is sent at once");
  });

  it("are for everybody and everything when some may have been missed, and end with a stop", () => {
    changes.add({ what: "waiting", ownerId: ADA });
    changes.add({ what: "anything" });
    pass(50);
    assert.deepEqual(take(), ["availability everybody"]);
    changes.add({ what: "availability" });
    changes.stop();
    pass(5_000);
    assert.deepEqual(take(), []);
  });
});
