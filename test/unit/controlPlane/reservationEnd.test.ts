import assert from "node:assert/strict";
import { addMs, Minute, Second } from "@gpu-dev/shared/durations.ts";
import type { Reservation } from "../../../control-plane/src/domain/reservation.ts";
import { decide } from "../../../control-plane/src/reconcilers/reservation/decide.ts";
import type { Decision } from "../../../control-plane/src/reconcilers/reservation/decision.ts";
import type { NodeObservation } from "../../../control-plane/src/reconcilers/reservation/observation.ts";
import {
  observation,
  PLACED_AT,
  POD,
  TEARDOWN_BUDGET_MS,
  type Facts,
  type PodFacts,
} from "./observations.ts";

const READY: NodeObservation = { status: "ready" };
const summary = (decision: Decision) =>
  decision.kind === "end" ? `${decision.reason}: ${decision.detail}` : decision.kind;

describe("the decision on a reservation in use", () => {
  const ready = (facts: Facts) => decide(observation("ready", facts));
  const withNodes = (pods: readonly PodFacts[], node: NodeObservation = READY, after = Minute.ms) =>
    ready({ pods, nodes: pods.map(() => node), after });

  it("reads nothing to cancel, expire or warn, and knows them while the cluster is unavailable", () => {
    const more = { isClusterUnavailable: true };
    for (const facts of [{}, { more }]) {
      const row = { cancelRequestedAt: PLACED_AT };
      assert.equal(summary(ready({ ...facts, row })), "cancelled: Cancelled while it was in use.");
      const expired = ready({ ...facts, after: 60 * Minute.ms });
      assert.equal(summary(expired), "expired: The lease expired at 13:00 UTC.");
      const warned = ready({ ...facts, after: 46 * Minute.ms });
      assert.equal(warned.kind === "warn" && warned.minutes, 15);
    }
    assert.deepEqual(ready({}), { kind: "observe", facts: "members" });
  });

  it("R9: ends nothing while the cluster is unavailable, and checks again soon", () => {
    const decision = ready({ more: { isClusterUnavailable: true } });
    assert.deepEqual(decision, { kind: "wait", checkAt: addMs(PLACED_AT, 70 * Second.ms) });
  });

  it("warns once for each of 30, 15 and 5 minutes", () => {
    for (const [after, minutes] of [
      [30, 30],
      [45, 15],
      [55, 5],
    ] as const) {
      const decision = ready({ after: after * Minute.ms });
      assert.equal(decision.kind === "warn" && decision.minutes, minutes);
      const again = ready({ after: after * Minute.ms, row: { warnedMinutes: minutes } });
      assert.equal(again.kind, "observe");
    }
  });

  const endings: Record<string, readonly [PodFacts, NodeObservation, RegExp]> = {
    "was evicted": [POD.evicted, READY, /^evicted: Its pod on h100-\d was evicted \(Evicted\)/],
    "is missing by its UID": [
      undefined,
      READY,
      /^evicted: .* removed by the cluster or an operator/,
    ],
    "is being deleted": [POD.deleting, READY, /^evicted: /],
    "left a node that is gone": [
      undefined,
      { status: "missing" },
      /^node-lost: Its node h100-\d was/,
    ],
    "ended with its node": [
      { ...POD.evicted, reason: "NodeShutdown" },
      READY,
      /^node-lost: .* down/,
    ],
  };
  for (const size of [1, 2, 4]) {
    for (const [condition, [pod, node, expected]] of Object.entries(endings)) {
      it(`R8: of ${String(size)} members, one whose pod ${condition} ends the reservation`, () => {
        for (let rank = 0; rank < size; rank += 1) {
          const at = (index: number) => index === rank;
          const pods = Array.from({ length: size }, (_, index) => (at(index) ? pod : POD.ready));
          const nodes = pods.map((_, index) => (at(index) ? node : READY));
          const text = summary(ready({ pods, nodes }));
          assert.match(text, expected);
          assert.ok(text.includes(`h100-${String(rank + 1)}`), text);
        }
      });
    }
  }

  it("R8: a pod that is only not ready, or whose node is briefly unreachable, keeps running", () => {
    assert.equal(withNodes([POD.booting]).kind, "maintain");
    const since = (minutes: number) =>
      ({ status: "not-ready", since: addMs(PLACED_AT, -minutes * Minute.ms) }) as const;
    assert.equal(withNodes([POD.ready], since(4)).kind, "maintain");
    assert.match(summary(withNodes([POD.ready], since(5))), /^node-lost/);
    assert.match(summary(withNodes([POD.ready], { status: "missing" })), /^node-lost/);
    assert.equal(
      withNodes([POD.ready], { status: "not-ready", since: undefined }).kind,
      "maintain",
    );
  });

  it("R8: reports each restart of each member, then counts the recent ones of a suspect", () => {
    const oom = { reason: "OOMKilled", exitCode: 137, finishedAt: undefined };
    const restarted = { restarts: 2, lastTermination: oom };
    const reported = withNodes([POD.ready, restarted]);
    assert.equal(reported.kind, "reportRestart");
    assert.deepEqual([reported.member.attempt.rank, reported.count], [1, 2]);
    const facts = {
      pods: [POD.ready, { restarts: 5, lastTermination: oom }],
      attempts: [{}, { restarts: 5 }],
      nodes: [READY, READY],
    };
    assert.deepEqual(ready(facts), { kind: "observe", facts: "restarts" });
    const recent = (counts: [number, number][]) =>
      ready({ ...facts, more: { recentRestarts: new Map(counts) } });
    assert.match(summary(recent([[1, 5]])), /^crash-loop: On h100-2, its container ended 5 times/);
    assert.equal(recent([[1, 4]]).kind, "maintain");
    assert.equal(recent([[0, 5]]).kind, "maintain", "of another member");
  });

  it("records only members that changed, and checks again at the next warning", () => {
    const moved = withNodes([POD.ready, { podIp: "10.0.0.9" }]);
    assert.equal(moved.kind, "maintain");
    assert.deepEqual(
      moved.changed.map(({ attempt }) => attempt.rank),
      [1],
    );
    assert.deepEqual(moved.checkAt, addMs(PLACED_AT, 30 * Minute.ms));
  });
});

describe("the decision on a queued reservation", () => {
  const queued = (facts: Facts) => decide(observation("queued", facts));

  it("R2: R13: is cancelled, or ends at the planning horizon, without a read", () => {
    const cancelled = queued({ row: { cancelRequestedAt: PLACED_AT } });
    assert.equal(summary(cancelled), "cancelled: Cancelled while it was queued.");
    const { catalogue } = observation("queued");
    const after = catalogue.planningHorizonSeconds * Second.ms;
    const row = { waitingReason: "None is free." };
    assert.match(summary(queued({ after, row })), /^horizon: It waited .* start\. None is free\.$/);
  });

  it("waits for the planner; before the first placement there is no pod to read", () => {
    assert.equal(queued({ row: { attempt: 0 } }).kind, "wait");
    assert.deepEqual(queued({}), { kind: "observe", facts: "members" });
  });

  it("R18: closes every pod of the earlier attempt, and checks again until they are gone", () => {
    const decision = queued({ pods: [POD.ready, undefined, POD.deleting] });
    assert.equal(decision.kind, "close");
    assert.deepEqual(
      decision.members.map(({ attempt }) => attempt.rank),
      [0, 1],
    );
    const waiting = queued({ pods: [POD.deleting] });
    assert.deepEqual(waiting, { kind: "wait", checkAt: addMs(PLACED_AT, 62 * Second.ms) });
  });
});

describe("the decision on a stopping reservation", () => {
  const stopping = (facts: Facts) => decide(observation("stopping", facts));
  const withDisk = (phase: Reservation["phase"]): Facts => {
    const { row } = observation("stopping");
    return { row: { phase, spec: { ...row.spec, disk: "work" } } };
  };
  const gone = { goneAt: PLACED_AT };

  it("closes members whose pod is gone, runs, or was never recorded; a cancel changes nothing", () => {
    for (const row of [{}, { cancelRequestedAt: PLACED_AT }]) {
      assert.deepEqual(stopping({ row }), { kind: "observe", facts: "members" });
      const pods = [POD.ready, undefined, POD.deleting, POD.deleting];
      const decision = stopping({ row, pods, attempts: [{}, {}, {}, { podUid: undefined }] });
      assert.equal(decision.kind, "close");
      assert.deepEqual(
        decision.members.map(({ attempt }) => attempt.rank),
        [0, 1, 3],
      );
    }
  });

  it("moves on only when every member is gone, over the disk if it has one", () => {
    const waiting = stopping({ pods: [undefined, POD.deleting], attempts: [gone, {}] });
    assert.equal(waiting.kind, "wait");
    const facts = { pods: [undefined, undefined], attempts: [gone, gone] };
    const phase = (decision: Decision) => decision.kind === "progress" && decision.phase;
    assert.equal(phase(stopping(facts)), "removing");
    assert.equal(phase(stopping({ ...withDisk("closing"), ...facts })), "saving-disk");
    assert.equal(stopping(withDisk("saving-disk")).kind, "releaseDisk");
    assert.deepEqual(stopping(withDisk("removing")), { kind: "finish", reason: "cancelled" });
  });

  it("R13: after the teardown budget pods on lost nodes are force-deleted, and others are reported", () => {
    const facts = { pods: [POD.deleting, POD.deleting], after: TEARDOWN_BUDGET_MS };
    assert.deepEqual(stopping(facts), { kind: "observe", facts: "nodes" });
    const forced = stopping({ ...facts, nodes: [READY, { status: "missing" }] });
    assert.equal(forced.kind, "forceDelete");
    assert.deepEqual(
      forced.members.map(({ attempt }) => attempt.rank),
      [1],
    );
    const reported = stopping({ ...facts, nodes: [READY, READY] });
    assert.equal(reported.kind, "progress");
    assert.match(reported.detail ?? "", /^Its pod on h100-1, h100-2 takes longer/);
    const again = { ...facts, nodes: [READY, READY], row: { phaseDetail: reported.detail } };
    assert.equal(stopping(again).kind, "wait");
  });

  it("decides nothing about a reservation that has ended", () => {
    for (const state of ["ended", "failed"] as const) {
      assert.deepEqual(decide(observation(state)), { kind: "wait", checkAt: undefined });
    }
  });
});
