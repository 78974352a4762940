import type { Catalogue } from "@gpu-dev/shared/api/catalogue.ts";
import type { Cluster } from "../cluster/port.ts";
import type { Planner } from "../domain/plan/types.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/logger.ts";
import type { ReconcilerMetrics } from "../platform/metrics.ts";
import type { Database } from "../store/database.ts";
import type { ClusterAvailability } from "./clusterAvailability.ts";

/** The collaborators of a reconciler. Besides them it receives a key and nothing else. */
export interface ReconcilerContext {
  readonly database: Database;
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly catalogue: Catalogue;
  readonly installation: string;
  readonly planner: Planner;
  /** The reservation reconciler, which the plan calls for what it has just placed. */
  readonly startReservation: Reconciler;
  readonly availability: ClusterAvailability;
  readonly metrics: ReconcilerMetrics;
  readonly log: Log;
}

/** When to run again if nothing happens before. Undefined: another trigger will follow. */
export interface ReconcileResult {
  readonly requeueAt?: Date;
}

export type Reconciler = (context: ReconcilerContext, key: string) => Promise<ReconcileResult>;
