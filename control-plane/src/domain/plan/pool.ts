import type { GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import { unitsOf } from "../catalogue.ts";
import type { Reservation } from "../reservation.ts";
import type { PlanInput, PlanLease, PlanNode, PlanRequest } from "./types.ts";

/** Nodes and leases of one pool, as they are stored. */
export interface PoolState {
  readonly nodes: readonly PlanNode[];
  /** Units are held until the pod object is gone, whatever state the reservation is in. */
  readonly leases: readonly PlanLease[];
}

/** A reservation in the queue. */
export type QueuedReservation = Pick<
  Reservation,
  | "id"
  | "state"
  | "generation"
  | "attempt"
  | "gpuType"
  | "gpus"
  | "nodeCount"
  | "durationSeconds"
  | "extendedSeconds"
  | "queuedAt"
> &
  Pick<PlanRequest, "zone" | "previousNodes"> & {
    /** False while a pod of an earlier attempt exists, and after a cancel request. */
    readonly isPlaceable: boolean;
  };

/** The input of the planner. A plan and a quote are computed from the same input. */
export function planInputOf(
  type: GpuType,
  stored: {
    readonly clusterSeenAt: Date | undefined;
    readonly pool: PoolState | undefined;
    readonly queue: readonly QueuedReservation[];
    readonly now: Date;
  },
): PlanInput {
  return {
    pool: type.id,
    unitName: type.kind === "gpu" ? "GPU" : "slot",
    clusterSeenAt: stored.clusterSeenAt,
    nodes: stored.pool?.nodes ?? [],
    leases: stored.pool?.leases ?? [],
    queue: stored.queue
      .filter(({ isPlaceable }) => isPlaceable)
      .map((row) => ({
        reservationId: row.id,
        units: unitsOf(type, row.gpus, row.nodeCount),
        nodeCount: row.nodeCount,
        durationSeconds: row.durationSeconds + row.extendedSeconds,
        queuedAt: row.queuedAt,
        zone: row.zone,
        previousNodes: row.previousNodes,
      })),
    now: stored.now,
  };
}

/** A node during a pass: the units still free after leases and the placements of this pass. */
export interface NodeRoom {
  readonly node: PlanNode;
  free: number;
}

/** Ordered by name, so that the plan does not depend on the order of the rows. */
export function roomsOf({ nodes, leases }: Pick<PlanInput, "nodes" | "leases">): NodeRoom[] {
  const held = new Map<string, number>();
  for (const lease of leases) held.set(lease.node, (held.get(lease.node) ?? 0) + lease.units);
  return nodes
    .map((node) => ({
      node,
      free: Math.max(0, node.units - node.unitsUsedByOthers - (held.get(node.name) ?? 0)),
    }))
    .sort((a, b) => compareNames(a.node.name, b.node.name));
}

export const isAvailable = ({ node }: { readonly node: PlanNode }): boolean =>
  node.unavailableBecause === undefined;

/** Orders h100-2 before h100-10, as people expect. */
function compareNames(a: string, b: string): number {
  return COLLATOR.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}

const COLLATOR = new Intl.Collator("en", { numeric: true });
