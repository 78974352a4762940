import assert from "node:assert/strict";
import { addMs, Hour, Minute, Second } from "@gpu-dev/shared/durations.ts";
import { decide } from "../../../control-plane/src/reconcilers/reservation/decide.ts";
import type { Decision } from "../../../control-plane/src/reconcilers/reservation/decision.ts";
import type { NodeObservation } from "../../../control-plane/src/reconcilers/reservation/observation.ts";
import {
  DISK,
  observation,
  PLACED_AT,
  POD,
  START_BUDGET_MS,
  type Facts,
  type PodFacts,
} from "./observations.ts";

const READY: NodeObservation = { status: "ready" };
const readyNodes = (count: number): NodeObservation[] => Array.from({ length: count }, () => READY);
const detailOf = (decision: Decision): string =>
  "detail" in decision ? (decision.detail ?? "") : "why" in decision ? decision.why : "";

describe("the decision on a start", () => {
  const starting = (facts: Facts) => decide(observation("starting", facts));
  /** `size` pods, one of which differs. */
  const gang = (size: number, rank: number, pod: PodFacts): PodFacts[] =>
    Array.from({ length: size }, (_, index) => (index === rank ? pod : POD.ready));

  it("reads the members first, and nothing when the start is cancelled", () => {
    assert.deepEqual(starting({}), { kind: "observe", facts: "members" });
    const cancelled = starting({ row: { cancelRequestedAt: PLACED_AT } });
    assert.deepEqual(
      [cancelled.kind, "reason" in cancelled && cancelled.reason],
      ["end", "cancelled"],
    );
  });

  it("creates the members that have no recorded pod", () => {
    const attempts = [{}, { podUid: undefined }];
    const decision = starting({ pods: [POD.ready, undefined], attempts });
    assert.equal(decision.kind, "create");
    assert.deepEqual(
      decision.members.map(({ attempt }) => attempt.rank),
      [1],
    );
    const withoutKey = starting({ pods: [POD.ready], row: { hostPublicKey: undefined } });
    assert.equal(withoutKey.kind, "create");
  });

  // Of each size: what one differing member, of each rank in turn, means for the whole.
  const table: Record<string, readonly [pod: PodFacts, kind: Decision["kind"], detail: RegExp]> = {
    "is ready too": [POD.ready, "ready", /^$/],
    "is not bound yet": [POD.unbound, "progress", /Waiting for the scheduler/],
    "pulls its image": [POD.pulling, "progress", /Pulling /],
    boots: [POD.booting, "progress", /Waiting for its SSH server/],
    "fails to pull for the first time": [POD.pullFailing, "progress", /So far the image/],
    "keeps ending": [POD.crashing, "end", /its container keeps ending \(Error, exit code 1\)/],
    "is removed": [POD.deleting, "replace", /its pod was removed by the cluster/],
    "is rejected by its node": [POD.evicted, "replace", /its pod was rejected \(Evicted\)/],
    "is missing by its UID": [undefined, "replace", /its pod was removed by another client/],
    "cannot be scheduled": [POD.unschedulable, "replace", /the scheduler found no node/],
  };
  for (const size of [1, 2, 4]) {
    for (const [condition, [pod, kind, detail]] of Object.entries(table)) {
      it(`R6: Q8: of ${String(size)} members, one that ${condition} decides "${kind}" for all`, () => {
        for (let rank = 0; rank < size; rank += 1) {
          const facts = {
            pods: gang(size, rank, pod),
            nodes: readyNodes(size),
            row: { phaseDetail: "x" },
          };
          const decision = starting(facts);
          assert.equal(decision.kind, kind);
          assert.match(detailOf(decision), detail);
          const label = `rank ${String(rank)} of ${String(size)}: `;
          const isNamed = detailOf(decision).toLowerCase().includes(label);
          assert.equal(isNamed, size > 1 && kind !== "ready", detailOf(decision));
        }
      });
    }
  }

  it("is ready only with every member, and the lease ends within its capacity", () => {
    const early = starting({ pods: [POD.ready, POD.ready], after: Minute.ms });
    assert.equal(early.kind, "ready");
    assert.deepEqual(early.expiresAt, addMs(PLACED_AT, Hour.ms + Minute.ms));
    const late = { capacityUntil: addMs(PLACED_AT, Hour.ms) };
    const shortened = starting({ pods: [POD.ready], row: late });
    assert.equal(shortened.kind, "ready");
    assert.ok(shortened.expiresAt < early.expiresAt);
  });

  it("shows the phase of the slowest member, and a disk while none is bound", () => {
    const slowest = starting({ pods: [POD.booting, POD.pulling, POD.ready], nodes: readyNodes(3) });
    assert.equal(slowest.kind === "progress" && slowest.phase, "pulling");
    const withDisk = starting({ pods: [POD.unbound], disk: DISK });
    assert.equal(withDisk.kind === "progress" && withDisk.phase, "disk");
  });

  it("R6: a pull that still fails after the grace period ends the start; one that recovers is forgotten", () => {
    const since = (ms: number) => [{ pullFailingSince: addMs(PLACED_AT, Minute.ms - ms) }];
    const within = starting({
      pods: [POD.pullFailing],
      nodes: [READY],
      attempts: since(20 * Second.ms),
    });
    assert.equal(within.kind, "progress");
    const after = starting({
      pods: [POD.pullFailing],
      nodes: [READY],
      attempts: since(21 * Second.ms),
    });
    assert.match(detailOf(after), /^It could not start: the image registry\/x could not be pulled/);
    const booting = starting({ pods: [POD.booting], nodes: [READY], attempts: since(Minute.ms) });
    assert.deepEqual(booting.kind === "progress" && booting.pullFailures, [
      { podName: "gd-00reservation000-0-1", since: undefined },
    ]);
    const pulling = starting({ pods: [POD.pulling], nodes: [READY], attempts: since(Minute.ms) });
    assert.deepEqual(pulling.kind === "progress" && pulling.pullFailures, []);
  });

  it("R6: a pod that cannot be scheduled is replaced only after a grace period", () => {
    const pods = [POD.unschedulable];
    const early = starting({ pods, after: 15 * Second.ms });
    assert.match(detailOf(early), /^The scheduler reports: 0\/2 nodes/);
    assert.equal(starting({ pods, after: 16 * Second.ms }).kind, "replace");
  });

  it("R8: asks for the nodes of bound members, and replaces a start whose node is not ready", () => {
    const pods = [POD.booting, POD.booting];
    assert.deepEqual(starting({ pods }), { kind: "observe", facts: "nodes" });
    for (const node of [
      { status: "missing" },
      { status: "not-ready", since: undefined },
    ] as const) {
      const decision = starting({ pods, nodes: [READY, node] });
      assert.match(detailOf(decision), /^rank 1 of 2: node h100-2 was lost$/);
    }
    const unbound = starting({ pods: [POD.unbound] });
    assert.equal(unbound.kind, "wait", "a pod that is not bound has no node");
  });

  it("fails instead of the fourth attempt", () => {
    const decision = starting({ pods: [POD.deleting], row: { attempt: 3 } });
    assert.match(detailOf(decision), /That was attempt 3, the last\.$/);
  });

  it("R5: R9: a deadline counts only once the cluster has been available for a minute", () => {
    const facts = { pods: [POD.booting], nodes: [READY], after: START_BUDGET_MS };
    const failed = starting(facts);
    assert.match(
      detailOf(failed),
      /^It could not start: it was not ready within 10 min; .* "placing"/,
    );
    const unstable = starting({ ...facts, stableForMs: 20 * Second.ms });
    const now = addMs(PLACED_AT, START_BUDGET_MS);
    assert.deepEqual(unstable, { kind: "wait", checkAt: addMs(now, 40 * Second.ms) });
    const early = starting({ ...facts, after: START_BUDGET_MS - 1 });
    assert.equal(early.kind, "progress");
  });

  it("R5: the start budget counts from the youngest pod", () => {
    const createdAt = addMs(PLACED_AT, 5 * Minute.ms);
    const pods = [POD.booting, { ...POD.booting, createdAt }];
    const facts = { pods, nodes: readyNodes(2) };
    assert.equal(starting({ ...facts, after: START_BUDGET_MS }).kind, "progress");
    const over = starting({ ...facts, after: START_BUDGET_MS + 5 * Minute.ms });
    assert.equal(over.kind, "end");
  });

  it("R6: objects that cannot be created are reported until the deadline; a final refusal ends the start", () => {
    const facts = (
      kind: "final" | "refused" | "unavailable",
      after: number = Minute.ms,
    ): Facts => ({
      pods: [undefined],
      attempts: [{ podUid: undefined }],
      after,
      more: { creationFailure: { kind, message: "the webhook is down" } },
    });
    const detail = (kind: "final" | "refused" | "unavailable", after?: number) =>
      detailOf(starting(facts(kind, after)));
    assert.equal(detail("final"), "It could not start: the webhook is down");
    assert.equal(detail("refused"), "the webhook is down");
    assert.equal(detail("unavailable"), "So far the webhook is down");
    for (const kind of ["refused", "unavailable"] as const) {
      assert.match(detail(kind, START_BUDGET_MS), /it was not ready within 10 min/);
    }
  });

  it("records the zone of a disk once its pod is bound", () => {
    const disk = { ...DISK, zone: undefined };
    const decision = starting({ pods: [POD.ready], disk });
    assert.deepEqual(decision.diskZone, { disk: DISK.id, node: "h100-1" });
    assert.equal(starting({ pods: [POD.ready], disk: DISK }).diskZone, undefined);
  });
});
