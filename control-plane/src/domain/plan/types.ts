import type { ReservationId } from "@gpu-dev/shared/ids.ts";

/** A node of the pool: `units` are GPUs, or slots of a CPU type. */
export interface PlanNode {
  readonly name: string;
  readonly zone: string;
  readonly units: number;
  /** Units taken by what is not ours. */
  readonly foreignUnits: number;
  /** Units that it has beside these, and that are out of order. */
  readonly unhealthyUnits: number;
  /** Why nothing new is placed here; null where it may be. */
  readonly outOfUse: "not ready" | "cordoned" | null;
}

/** Units held on a node until its pod object is gone; `until` is the latest end that was fixed at placement. */
export interface PlanLease {
  readonly reservationId: ReservationId;
  readonly node: string;
  readonly units: number;
  readonly until: Date | null;
}

export interface PlanRequest {
  readonly reservationId: ReservationId;
  /** Units on each of `nodeCount` nodes. */
  readonly units: number;
  readonly nodeCount: number;
  readonly durationSeconds: number;
  readonly queuedAt: Date;
  /** Its disk binds it to this zone; null when it may run anywhere. */
  readonly zone: string | null;
  /** Nodes of its earlier attempts: another one is better, where there is one. */
  readonly turnedAwayBy: readonly string[];
}

/** Everything that a pass knows about one pool (one GPU type). A pass is a pure function of it. */
export interface PlanInput {
  readonly pool: string;
  readonly nodes: readonly PlanNode[];
  readonly leases: readonly PlanLease[];
  /** In the order of their age. */
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
  /** A sentence with names of nodes, counts and times. */
  readonly reason: string;
}

export interface Plan {
  readonly placements: readonly Placement[];
  readonly waiting: readonly Waiting[];
}

/** What a planner is. Replacing the one in use touches nothing else. */
export type Planner = (input: PlanInput) => Plan;
