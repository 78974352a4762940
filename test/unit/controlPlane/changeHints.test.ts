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
  const advance = (milliseconds: number) => {
    mock.timers.tick(milliseconds);
  };
  const takeSent = () => sent.splice(0);

  it("are sent within 50 ms, combined with other hints of the same request", () => {
    changes.add({ kind: "availability" });
    advance(10);
    changes.add({ kind: "waiting", ownerId: ADA });
    changes.add({ kind: "waiting", ownerId: ADA });
    advance(40);
    assert.deepEqual(takeSent(), [`availability ${ADA}`]);
  });

  it("are then sent at most once a second, and the last hint is not lost", () => {
    changes.add({ kind: "availability" });
    advance(50);
    assert.deepEqual(takeSent(), ["availability"]);
    for (let n = 0; n < 90; n += 1) {
      changes.add(n === 40 ? { kind: "waiting", ownerId: BOB } : { kind: "availability" });
      advance(10);
    }
    assert.deepEqual(takeSent(), []);
    advance(100);
    assert.deepEqual(takeSent(), [`availability ${BOB}`]);
    advance(5_000);
    assert.deepEqual(takeSent(), []);
    changes.add({ kind: "waiting", ownerId: ADA });
    advance(50);
    assert.deepEqual(takeSent(), [ADA], "after a pause, the next hint is sent at once");
  });

  it("name everything for everybody if notifications may be lost, and end after stop", () => {
    changes.add({ kind: "waiting", ownerId: ADA });
    changes.add({ kind: "anything" });
    advance(50);
    assert.deepEqual(takeSent(), ["availability everybody"]);
    changes.add({ kind: "availability" });
    changes.stop();
    advance(5_000);
    assert.deepEqual(takeSent(), []);
  });
});
