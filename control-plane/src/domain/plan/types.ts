import type { ReservationId } from "@gpu-dev/shared/ids.ts";

/** A node of the pool. `units` are its healthy GPUs, or the slots of a CPU type. */
export interface PlanNode {
  readonly name: string;
  readonly zone: string;
  readonly units: number;
  /** Units used by pods that do not belong to this installation. */
  readonly unitsUsedByOthers: number;
  /**
   * Units that the node has in addition to `units` and that its device plugin reports as unhealthy.
   */
  readonly unhealthyUnits: number;
  /** Why nothing new is placed on the node; undefined when it is available. */
  readonly unavailableBecause: "not ready" | "cordoned" | undefined;
}

/**
 * Units held on a node until its pod object is gone; `until` is the latest end, fixed at placement.
 */
export interface PlanLease {
  readonly reservationId: ReservationId;
  readonly node: string;
  readonly units: number;
  readonly until: Date | undefined;
}

/** The properties of a queued or quoted request that the planner uses. */
export interface RequestShape {
  /** Units on each of `nodeCount` nodes. */
  readonly units: number;
  readonly nodeCount: number;
  readonly durationSeconds: number;
  /** The zone of its disk; undefined when it may run in any zone. */
  readonly zone: string | undefined;
}

export interface PlanRequest extends RequestShape {
  readonly reservationId: ReservationId;
  readonly queuedAt: Date;
  /** Nodes of its earlier attempts: another node is preferred. */
  readonly previousNodes: readonly string[];
}

/** Everything that a pass knows about one pool (one GPU type). */
export interface PlanInput {
  readonly pool: string;
  /** What one unit of this pool is called. */
  readonly unitName: "GPU" | "slot";
  /**
   * When the cluster last responded; undefined when it never did; then `nodes` is not
   * meaningful yet.
   */
  readonly clusterSeenAt: Date | undefined;
  readonly nodes: readonly PlanNode[];
  readonly leases: readonly PlanLease[];
  /** Oldest first. */
  readonly queue: readonly PlanRequest[];
  readonly now: Date;
}

export interface Placement {
  readonly reservationId: ReservationId;
  /** Node names by rank. */
  readonly nodes: readonly string[];
}

export interface Waiting {
  readonly reservationId: ReservationId;
  /** 1 is next. */
  readonly position: number;
  /** User-facing: full sentences with names of nodes, counts and times. */
  readonly reason: string;
}

export interface Plan {
  readonly placements: readonly Placement[];
  readonly waiting: readonly Waiting[];
}

/** The predicted result for a request that joins the queue now. */
export type Quote =
  | { readonly starts: "now" }
  | {
      readonly starts: "queued";
      /** Requests that the planner serves first. */
      readonly ahead: number;
      readonly reason: string;
    };

/**
 * The scheduling rules of a pool. Both functions are pure; the composition root chooses the
 * planner.
 */
export interface Planner {
  plan(input: PlanInput): Plan;
  quote(input: PlanInput, request: RequestShape): Quote;
}
