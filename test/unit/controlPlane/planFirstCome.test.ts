import assert from "node:assert/strict";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import fc from "fast-check";
import { planFirstCome } from "../../../control-plane/src/domain/plan/firstCome.ts";
import type {
  PlanInput,
  PlanLease,
  PlanNode,
  PlanRequest,
} from "../../../control-plane/src/domain/plan/types.ts";

const NOW = new Date("2026-03-01T12:00:00Z");
const id = (text: string) => text as ReservationId;

const node = (name: string, units = 8, rest: Partial<PlanNode> = {}): PlanNode => ({
  name,
  zone: "a",
  units,
  foreignUnits: 0,
  unhealthyUnits: 0,
  outOfUse: null,
  ...rest,
});
const lease = (on: string, units: number, until: string | null = null): PlanLease => ({
  reservationId: id(`lease-${on}`),
  node: on,
  units,
  until: until === null ? null : new Date(until),
});
const request = (name: string, units: number, rest: Partial<PlanRequest> = {}): PlanRequest => ({
  reservationId: id(name),
  units,
  nodeCount: 1,
  durationSeconds: 3_600,
  queuedAt: NOW,
  zone: null,
  turnedAwayBy: [],
  ...rest,
});
const plan = (rest: Partial<PlanInput>) =>
  planFirstCome({ pool: "h100", nodes: [], leases: [], queue: [], now: NOW, ...rest });

describe("the first-come planner", () => {
  it("takes the fullest node that suffices, and keeps whole nodes whole", () => {
    const { placements } = plan({
      nodes: [node("h100-1"), node("h100-2"), node("h100-10")],
      leases: [lease("h100-2", 4), lease("h100-10", 6)],
      queue: [request("small", 2), request("half", 4), request("whole", 8)],
    });
    assert.deepEqual(
      placements.map((one) => one.nodes),
      [["h100-10"], ["h100-2"], ["h100-1"]],
    );
  });

  it("R6: prefers a node that has not turned the request away, and takes that one where there is no other", () => {
    const nodes = [node("h100-1"), node("h100-2")];
    const on = (turnedAwayBy: string[], leases: PlanLease[] = []) =>
      plan({ nodes, leases, queue: [request("again", 4, { turnedAwayBy })] }).placements[0]?.nodes;
    // The best fit, the first time.
    assert.deepEqual(on([], [lease("h100-1", 4)]), ["h100-1"]);
    assert.deepEqual(on(["h100-1"], [lease("h100-1", 4)]), ["h100-2"]);
    assert.deepEqual(on(["h100-1", "h100-2"], [lease("h100-2", 4)]), ["h100-2"]);
    assert.deepEqual(on(["h100-1"], [lease("h100-2", 8)]), ["h100-1"]);
  });

  it("Q3: says which GPUs are out of order, by node while these are few, and of none that is out of use", () => {
    const sick = (name: string, rest: Partial<PlanNode> = {}) =>
      node(name, 6, { unhealthyUnits: 2, ...rest });
    const reason = (nodes: PlanNode[]) =>
      plan({ nodes, queue: [request("whole", 8)] }).waiting[0]?.reason ?? "";
    const out = sick("h100-2", { outOfUse: "cordoned" });
    assert.match(
      reason([sick("h100-1"), out]),
      /Out of use: h100-2 \(cordoned\)\. Out of order: 2 of 8 GPUs on h100-1\.$/,
    );
    const many = Array.from({ length: 7 }, (_, index) => sick(`h100-${String(index + 1)}`));
    assert.match(reason(many), / 14 GPUs are out of order\.$/);
  });

  it("Q2: says how what is free is split, and what ends next", () => {
    const { waiting } = plan({
      nodes: [node("h100-1"), node("h100-2")],
      leases: [
        { ...lease("h100-1", 5, "2026-03-01T14:20:00Z") },
        { ...lease("h100-2", 5, "2026-03-01T16:00:00Z") },
      ],
      queue: [request("four", 4), request("one", 1), request("two", 2)],
    });
    assert.deepEqual(
      waiting.map((one) => one.reason),
      [
        "Needs 4 H100 on one node. 6 are free, but split: 3 on h100-1, 3 on h100-2. Next end: at 14:20 UTC at the latest, on h100-1 (5 GPUs).",
        "1 request is ahead of yours.",
        "2 requests are ahead of yours.",
      ],
    );
  });

  it("honours the zone of a disk, and names nodes that are out of use", () => {
    const { placements, waiting } = plan({
      nodes: [node("h100-1"), node("h100-2", 8, { zone: "b", outOfUse: "not ready" })],
      queue: [request("there", 1, { zone: "b" })],
    });
    assert.deepEqual(placements, []);
    assert.equal(
      waiting[0]?.reason,
      "Needs 1 H100 on one node in b, where its disk is. No node of this type is in use in b now. Out of use: h100-2 (not ready).",
    );
  });

  it("gives several nodes only as whole ones of one zone, all or none", () => {
    const nodes = [
      node("n1"),
      node("n2", 8, { zone: "b" }),
      node("n3", 8, { zone: "b" }),
      node("n4"),
    ];
    const queue = [request("gang", 8, { nodeCount: 2 })];
    assert.deepEqual(plan({ nodes, queue }).placements[0]?.nodes, ["n1", "n4"]);
    const busy = plan({ nodes, queue, leases: [lease("n1", 1)] });
    assert.deepEqual(busy.placements[0]?.nodes, ["n2", "n3"]);
    assert.deepEqual(
      plan({ nodes, queue, leases: [lease("n1", 1), lease("n2", 1)] }).placements,
      [],
    );
  });

  const anyInput = fc.record({
    sizes: fc.array(
      fc.record({
        foreign: fc.integer({ min: 0, max: 9 }),
        held: fc.integer({ min: 0, max: 9 }),
        outOfUse: fc.constantFrom(null, "not ready" as const, "cordoned" as const),
      }),
      { maxLength: 6 },
    ),
    asked: fc.array(fc.constantFrom(1, 2, 4, 8), { maxLength: 12 }),
  });
  type AnyInput = typeof anyInput extends fc.Arbitrary<infer Value> ? Value : never;

  const inputOf = ({ sizes, asked }: AnyInput): PlanInput => ({
    pool: "h100",
    nodes: sizes.map((size, index) =>
      node(`n${String(index)}`, 8, { foreignUnits: size.foreign, outOfUse: size.outOfUse }),
    ),
    leases: sizes.map((size, index) => lease(`n${String(index)}`, size.held)),
    queue: asked.map((units, index) => request(`r${String(index)}`, units)),
    now: NOW,
  });

  it("never gives more of a node than it has, nor of one that is out of use", () => {
    fc.assert(
      fc.property(anyInput, (any) => {
        const input = inputOf(any);
        const given = new Map<string, number>();
        for (const placement of planFirstCome(input).placements) {
          const units = input.queue.find(
            (one) => one.reservationId === placement.reservationId,
          )?.units;
          for (const on of placement.nodes)
            given.set(on, (given.get(on) ?? 0) + (units ?? Infinity));
        }
        for (const [index, size] of any.sizes.entries()) {
          const taken = given.get(`n${String(index)}`) ?? 0;
          assert.ok(
            taken === 0 || (size.outOfUse === null && taken + size.foreign + size.held <= 8),
          );
        }
      }),
    );
  });

  it("places a head of the queue only, tells all others, and counts from one", () => {
    fc.assert(
      fc.property(anyInput, (any) => {
        const input = inputOf(any);
        const { placements, waiting } = planFirstCome(input);
        assert.deepEqual(
          [...placements, ...waiting].map((one) => one.reservationId),
          input.queue.map((one) => one.reservationId),
        );
        assert.deepEqual(
          waiting.map((one) => one.position),
          waiting.map((_, index) => index + 1),
        );
      }),
    );
  });

  it("plans the same whatever order the rows of nodes and leases come in", () => {
    fc.assert(
      fc.property(anyInput, (any) => {
        const input = inputOf(any);
        const turned = {
          ...input,
          nodes: input.nodes.toReversed(),
          leases: input.leases.toReversed(),
        };
        assert.deepEqual(planFirstCome(turned).placements, planFirstCome(input).placements);
      }),
    );
  });
});
