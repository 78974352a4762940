// Long because: the plans and the quotes of one planner share nodes, leases and requests.
import assert from "node:assert/strict";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import fc from "fast-check";
import { firstComePlanner } from "../../../control-plane/src/domain/plan/firstCome.ts";
import type {
  PlanInput,
  PlanLease,
  PlanNode,
  PlanRequest,
  Quote,
  RequestShape,
} from "../../../control-plane/src/domain/plan/types.ts";

const NOW = new Date("2026-03-01T12:00:00Z");
const id = (text: string) => text as ReservationId;

const node = (name: string, units = 8, rest: Partial<PlanNode> = {}): PlanNode => ({
  name,
  zone: "a",
  units,
  unitsUsedByOthers: 0,
  unhealthyUnits: 0,
  unavailableBecause: undefined,
  ...rest,
});
const lease = (on: string, units: number, until?: string): PlanLease => ({
  reservationId: id(`lease-${on}`),
  node: on,
  units,
  until: until === undefined ? undefined : new Date(until),
});
const request = (name: string, units: number, rest: Partial<PlanRequest> = {}): PlanRequest => ({
  reservationId: id(name),
  units,
  nodeCount: 1,
  durationSeconds: 3_600,
  queuedAt: NOW,
  zone: undefined,
  previousNodes: [],
  ...rest,
});
const shape = (units: number, rest: Partial<RequestShape> = {}): RequestShape => ({
  units,
  nodeCount: 1,
  durationSeconds: 3_600,
  zone: undefined,
  ...rest,
});

const inputWith = (rest: Partial<PlanInput>): PlanInput => ({
  pool: "h100",
  unitName: "GPU",
  clusterSeenAt: NOW,
  nodes: [],
  leases: [],
  queue: [],
  now: NOW,
  ...rest,
});
const plan = (rest: Partial<PlanInput>) => firstComePlanner.plan(inputWith(rest));

describe("the first-come planner", () => {
  it("places on the fullest node that suffices, so that whole nodes stay free", () => {
    const { placements } = plan({
      nodes: [node("h100-1"), node("h100-2"), node("h100-10")],
      leases: [lease("h100-2", 4), lease("h100-10", 6)],
      queue: [request("small", 2), request("half", 4), request("whole", 8)],
    });
    assert.deepEqual(
      placements.map(({ nodes }) => nodes),
      [["h100-10"], ["h100-2"], ["h100-1"]],
    );
  });

  it("R6: prefers a node that the request has not been on, and uses a previous one if no other fits", () => {
    const nodes = [node("h100-1"), node("h100-2")];
    const on = (previousNodes: string[], leases: PlanLease[] = []) =>
      plan({ nodes, leases, queue: [request("again", 4, { previousNodes })] }).placements[0]?.nodes;
    // The best fit, the first time.
    assert.deepEqual(on([], [lease("h100-1", 4)]), ["h100-1"]);
    assert.deepEqual(on(["h100-1"], [lease("h100-1", 4)]), ["h100-2"]);
    assert.deepEqual(on(["h100-1", "h100-2"], [lease("h100-2", 4)]), ["h100-2"]);
    assert.deepEqual(on(["h100-1"], [lease("h100-2", 8)]), ["h100-1"]);
  });

  it("Q3: names unhealthy GPUs by node while these are few, and only those of available nodes", () => {
    const sick = (name: string, rest: Partial<PlanNode> = {}) =>
      node(name, 6, { unhealthyUnits: 2, ...rest });
    const reason = (nodes: PlanNode[]) =>
      plan({ nodes, queue: [request("whole", 8)] }).waiting[0]?.reason ?? "";
    const out = sick("h100-2", { unavailableBecause: "cordoned" });
    assert.match(
      reason([sick("h100-1"), out]),
      /Unavailable: h100-2 \(cordoned\)\. Unhealthy: 2 of 8 GPUs on h100-1\.$/,
    );
    const many = Array.from({ length: 7 }, (_, index) => sick(`h100-${String(index + 1)}`));
    assert.match(reason(many), / 14 GPUs are unhealthy\.$/);
  });

  it("Q2: states how the free GPUs are split, and what ends next", () => {
    const { waiting } = plan({
      nodes: [node("h100-1"), node("h100-2")],
      leases: [
        { ...lease("h100-1", 5, "2026-03-01T14:20:00Z") },
        { ...lease("h100-2", 5, "2026-03-01T16:00:00Z") },
      ],
      queue: [request("four", 4), request("one", 1), request("two", 2)],
    });
    assert.deepEqual(
      waiting.map(({ reason }) => reason),
      [
        "Needs 4 H100 on one node. 6 are free, but split: 3 on h100-1, 3 on h100-2. Next end: at 14:20 UTC at the latest, on h100-1 (5 GPUs).",
        "1 request is ahead of yours.",
        "2 requests are ahead of yours.",
      ],
    );
  });

  it("keeps a request in the zone of its disk, and names unavailable nodes", () => {
    const { placements, waiting } = plan({
      nodes: [node("h100-1"), node("h100-2", 8, { zone: "b", unavailableBecause: "not ready" })],
      queue: [request("bound", 1, { zone: "b" })],
    });
    assert.deepEqual(placements, []);
    assert.equal(
      waiting[0]?.reason,
      "Needs 1 H100 on one node in b, where its disk is. No node of this type is available in b. Unavailable: h100-2 (not ready).",
    );
  });

  it("places several nodes only as whole ones of one zone, all or none", () => {
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
        usedByOthers: fc.integer({ min: 0, max: 9 }),
        held: fc.integer({ min: 0, max: 9 }),
        unavailableBecause: fc.constantFrom(undefined, "not ready" as const, "cordoned" as const),
      }),
      { maxLength: 6 },
    ),
    asked: fc.array(fc.constantFrom(1, 2, 4, 8), { maxLength: 12 }),
  });
  type AnyInput = typeof anyInput extends fc.Arbitrary<infer Value> ? Value : never;

  const inputOf = ({ sizes, asked }: AnyInput): PlanInput =>
    inputWith({
      nodes: sizes.map((size, index) =>
        node(`n${String(index)}`, 8, {
          unitsUsedByOthers: size.usedByOthers,
          unavailableBecause: size.unavailableBecause,
        }),
      ),
      leases: sizes.map((size, index) => lease(`n${String(index)}`, size.held)),
      queue: asked.map((units, index) => request(`r${String(index)}`, units)),
    });

  it("never places more on a node than it has, nor anything on an unavailable one", () => {
    fc.assert(
      fc.property(anyInput, (any) => {
        const input = inputOf(any);
        const given = new Map<string, number>();
        for (const placement of firstComePlanner.plan(input).placements) {
          const units = input.queue.find(
            ({ reservationId }) => reservationId === placement.reservationId,
          )?.units;
          for (const on of placement.nodes)
            given.set(on, (given.get(on) ?? 0) + (units ?? Infinity));
        }
        for (const [index, size] of any.sizes.entries()) {
          const taken = given.get(`n${String(index)}`) ?? 0;
          assert.ok(
            taken === 0 ||
              (size.unavailableBecause === undefined && taken + size.usedByOthers + size.held <= 8),
          );
        }
      }),
    );
  });

  it("places only a prefix of the queue, gives all others a reason, and counts positions from one", () => {
    fc.assert(
      fc.property(anyInput, (any) => {
        const input = inputOf(any);
        const { placements, waiting } = firstComePlanner.plan(input);
        assert.deepEqual(
          [...placements, ...waiting].map(({ reservationId }) => reservationId),
          input.queue.map(({ reservationId }) => reservationId),
        );
        assert.deepEqual(
          waiting.map(({ position }) => position),
          waiting.map((_, index) => index + 1),
        );
      }),
    );
  });

  it("gives the same plan for any order of nodes and leases", () => {
    fc.assert(
      fc.property(anyInput, (any) => {
        const input = inputOf(any);
        const turned = {
          ...input,
          nodes: input.nodes.toReversed(),
          leases: input.leases.toReversed(),
        };
        assert.deepEqual(
          firstComePlanner.plan(turned).placements,
          firstComePlanner.plan(input).placements,
        );
      }),
    );
  });

  it("places nothing before the cluster has responded, and gives everybody that reason", () => {
    const { placements, waiting } = plan({
      clusterSeenAt: undefined,
      nodes: [node("h100-1")],
      queue: [request("first", 1), request("second", 1)],
    });
    assert.deepEqual(placements, []);
    assert.deepEqual(
      waiting.map(({ position, reason }) => [position, reason]),
      [1, 2].map((position) => [
        position,
        "The cluster has not responded yet, so its nodes are not known.",
      ]),
    );
  });

  it("equals a plan with the request at the end of the queue", () => {
    fc.assert(
      fc.property(anyInput, fc.constantFrom(1, 2, 4, 8), (any, units) => {
        const input = inputOf(any);
        const planned = firstComePlanner.plan({
          ...input,
          queue: [...input.queue, request("last", units)],
        });
        const waits = planned.waiting.at(-1);
        assert.deepEqual(
          firstComePlanner.quote(input, shape(units)),
          waits?.reservationId === id("last")
            ? { starts: "queued", ahead: waits.position - 1, reason: waits.reason }
            : { starts: "now" },
        );
      }),
    );
  });
});

describe("the first-come planner's quote", () => {
  const queued = (ahead: number, reason: string): Quote => ({ starts: "queued", ahead, reason });
  const cases: readonly {
    readonly title: string;
    readonly input: Partial<PlanInput>;
    readonly request: RequestShape;
    readonly quote: Quote;
  }[] = [
    {
      title: "starts now when one node has enough free GPUs",
      input: { nodes: [node("h100-1")], leases: [lease("h100-1", 4)] },
      request: shape(4),
      quote: { starts: "now" },
    },
    {
      title: "is queued when the free GPUs are split over nodes",
      input: {
        nodes: [node("h100-1"), node("h100-2")],
        leases: [lease("h100-1", 5), lease("h100-2", 5)],
      },
      request: shape(4),
      quote: queued(
        0,
        "Needs 4 H100 on one node. 6 are free, but split: 3 on h100-1, 3 on h100-2.",
      ),
    },
    {
      title: "Q2: is queued behind a request that waits, even if there is room",
      input: {
        nodes: [node("h100-1")],
        leases: [lease("h100-1", 2)],
        queue: [request("whole", 8)],
      },
      request: shape(1),
      quote: queued(1, "1 request is ahead of yours."),
    },
    {
      title: "leaves room for queued requests that the next plan places",
      input: { nodes: [node("h100-1")], queue: [request("half", 4)] },
      request: shape(8),
      quote: queued(0, "Needs 8 H100 on one node. 4 are free, on h100-1."),
    },
    {
      title: "starts now next to queued requests that the next plan places",
      input: { nodes: [node("h100-1")], queue: [request("half", 4)] },
      request: shape(4),
      quote: { starts: "now" },
    },
    {
      title: "is queued when the disk's zone has no room",
      input: {
        nodes: [node("h100-1"), node("h100-2", 8, { zone: "b" })],
        leases: [lease("h100-1", 8)],
      },
      request: shape(1, { zone: "a" }),
      quote: queued(0, "Needs 1 H100 on one node in a, where its disk is. None is free."),
    },
    {
      title: "is queued when the only node is cordoned",
      input: { nodes: [node("h100-1", 8, { unavailableBecause: "cordoned" })] },
      request: shape(1),
      quote: queued(
        0,
        "Needs 1 H100 on one node. No node of this type is available. Unavailable: h100-1 (cordoned).",
      ),
    },
    {
      title: "counts CPU types in slots",
      input: {
        pool: "cpu-x86",
        unitName: "slot",
        nodes: [node("cpu-1", 1)],
        leases: [lease("cpu-1", 1, "2026-03-02T12:00:00Z")],
      },
      request: shape(1),
      quote: queued(
        0,
        "Needs 1 CPU-X86 slot on one node. None is free. Next end: at 2026-03-02 12:00 UTC at the latest, on cpu-1 (1 slot).",
      ),
    },
    {
      title: "Q3: is queued when unhealthy GPUs leave too few",
      input: { nodes: [node("h100-1", 6, { unhealthyUnits: 2 })] },
      request: shape(8),
      quote: queued(
        0,
        "Needs 8 H100 on one node. 6 are free, on h100-1. Unhealthy: 2 of 8 GPUs on h100-1.",
      ),
    },
    {
      title: "is queued behind everybody before the cluster has responded",
      input: { clusterSeenAt: undefined, queue: [request("first", 1)] },
      request: shape(1),
      quote: queued(1, "The cluster has not responded yet, so its nodes are not known."),
    },
  ];
  for (const { title, input, request: asked, quote } of cases) {
    it(title, () => {
      assert.deepEqual(firstComePlanner.quote(inputWith(input), asked), quote);
    });
  }
});
