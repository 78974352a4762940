import type { Catalogue } from "@gpu-dev/shared/api/catalogue.ts";
import type { Cluster } from "../cluster/port.ts";
import type { Planner } from "../domain/plan/types.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/logger.ts";
import type { ReconcilerMetrics } from "../platform/metrics.ts";
import type { Database } from "../store/database.ts";
import type { ClusterAvailability } from "./clusterAvailability.ts";

/** The collaborators of a reconciler. In addition it receives only a key. */
export interface ReconcilerContext {
  readonly database: Database;
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly catalogue: Catalogue;
  readonly installation: string;
  readonly planner: Planner;
  /** The reservation reconciler, which the plan reconciler calls for new placements. */
  readonly startReservation: Reconciler;
  readonly availability: ClusterAvailability;
  readonly metrics: ReconcilerMetrics;
  readonly log: Log;
}

/** When to run again unless a trigger comes first; undefined: only after a trigger. */
export interface ReconcileResult {
  readonly requeueAt?: Date;
}

export type Reconciler = (context: ReconcilerContext, key: string) => Promise<ReconcileResult>;
