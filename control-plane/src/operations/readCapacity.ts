import type { Availability } from "@gpu-dev/shared/api/resources.ts";
import type { Catalogue, GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import { Second } from "@gpu-dev/shared/durations.ts";
import { findDiskZone } from "../store/disks.ts";
import { readClusterContact } from "../store/capacity.ts";
import { pingDatabase, type Queryable } from "../store/database.ts";
import { listQueues, readPools } from "../store/planning.ts";
import { countLiveByState } from "../store/reservationQueries.ts";
import { unitsOf } from "../domain/catalogue.ts";
import { isAvailable, planInputOf, roomsOf, type NodeRoom } from "../domain/plan/pool.ts";
import type { PlanInput, PlanNode, Planner } from "../domain/plan/types.ts";
import type { Principal } from "../domain/principal.ts";
import type { Clock } from "../platform/clock.ts";

// For the health endpoint: `http` does not import the store.
export { pingDatabase };

/** A resync runs every 30 s; two without a response make the cluster state stale. */
const STALE_MS = 60 * Second.ms;

type TypeAvailability = Availability["types"][number];

/**
 * What is free, and what the planner says to a request made now, from the same input as a plan. The
 * number of statements does not depend on the number of types. @param query.disk its zone
 * constrains the quotes; an unknown name is a new disk, which has no zone
 */
export async function readAvailability(
  {
    db,
    catalogue,
    planner,
    clock,
  }: {
    readonly db: Queryable;
    readonly catalogue: Catalogue;
    readonly planner: Planner;
    readonly clock: Clock;
  },
  principal: Pick<Principal, "userId">,
  query: { readonly disk: string | undefined },
): Promise<Availability> {
  const ids = catalogue.types.map(({ id }) => id);
  const [{ clusterSeenAt, pools }, queues, zone] = await Promise.all([
    readPools(db, ids),
    listQueues(db, ids),
    query.disk === undefined ? undefined : findDiskZone(db, principal.userId, query.disk),
  ]);
  const now = clock.now();
  const queueOf = Map.groupBy(queues, ({ gpuType }) => gpuType);
  return {
    asOf: clusterSeenAt?.toISOString() ?? null,
    types: catalogue.types.map((type) => {
      const pool = pools.get(type.id);
      const queue = queueOf.get(type.id) ?? [];
      const input = planInputOf(type, { clusterSeenAt, pool, queue, now });
      return describeType(type, input, { planner, zone, queued: queue.length });
    }),
  };
}

function describeType(
  type: GpuType,
  input: PlanInput,
  {
    planner,
    zone,
    queued,
  }: { readonly planner: Planner; readonly zone: string | undefined; readonly queued: number },
): TypeAvailability {
  const rooms = roomsOf(input);
  const available = rooms.filter(isAvailable);
  return {
    type: type.id,
    title: type.title,
    totalGpus: sum(input.nodes.map(({ units }) => units)),
    healthyGpus: sum(available.map(({ node }) => node.units)),
    freeGpus: sum(available.map(({ free }) => free)),
    queued,
    sizes: type.counts.map((gpus) => quoteSize(type, gpus, { planner, input, zone })),
    nodes: rooms.map(describeNode),
  };
}

function quoteSize(
  type: GpuType,
  gpus: number,
  pool: { readonly planner: Planner; readonly input: PlanInput; readonly zone: string | undefined },
): TypeAvailability["sizes"][number] {
  const units = unitsOf(type, gpus, 1);
  const quote = pool.planner.quote(pool.input, {
    units,
    nodeCount: 1,
    // The duration is not known yet. A request that starts now for the longest one starts for any.
    durationSeconds: type.limits.maxSeconds,
    zone: pool.zone,
  });
  return quote.starts === "now"
    ? { gpus, units, starts: "now", ahead: 0, why: null }
    : { gpus, units, starts: "queued", ahead: quote.ahead, why: quote.reason };
}

function describeNode(room: NodeRoom): TypeAvailability["nodes"][number] {
  const { node, free } = room;
  return {
    name: node.name,
    zone: node.zone,
    state: stateOf(node),
    gpus: node.units,
    free: isAvailable(room) ? free : 0,
  };
}

function stateOf({ unavailableBecause }: PlanNode): TypeAvailability["nodes"][number]["state"] {
  if (unavailableBecause === undefined) return "ready";
  return unavailableBecause === "not ready" ? "not-ready" : "cordoned";
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

export interface StatusView {
  readonly cluster: { readonly state: "up" | "stale" | "unknown"; readonly asOf: Date | undefined };
  readonly reservations: Readonly<Record<"queued" | "starting" | "ready" | "stopping", number>>;
}

export async function readStatus(db: Queryable, now: Date): Promise<StatusView> {
  const [counts, seenAt] = await Promise.all([countLiveByState(db), readClusterContact(db)]);
  const count = (state: keyof StatusView["reservations"]): number => counts.get(state) ?? 0;
  const age = seenAt && now.getTime() - seenAt.getTime();
  return {
    cluster: {
      state: age === undefined ? "unknown" : age <= STALE_MS ? "up" : "stale",
      asOf: seenAt,
    },
    reservations: {
      queued: count("queued"),
      starting: count("starting"),
      ready: count("ready"),
      stopping: count("stopping"),
    },
  };
}
