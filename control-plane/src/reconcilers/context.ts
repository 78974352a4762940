import type { Catalogue } from "@gpu-dev/shared/api/catalogue.ts";
import type { Cluster } from "../cluster/port.ts";
import type { Planner } from "../domain/plan/types.ts";
import type { Database } from "../store/database.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/logger.ts";
import type { ClusterSteadiness } from "./clusterSteadiness.ts";

/** What a reconciler works with. It gets a key beside it and nothing else. */
export interface ReconcilerContext {
  readonly database: Database;
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly catalogue: Catalogue;
  readonly installation: string;
  readonly planner: Planner;
  readonly steadiness: ClusterSteadiness;
  readonly log: Log;
}

/** When to look again, if nothing happens before. Undefined: something else will wake it. */
export interface ReconcileResult {
  readonly requeueAt?: Date;
}

export type Reconciler = (context: ReconcilerContext, key: string) => Promise<ReconcileResult>;

/** Earliest wins. */
export function earliest(...moments: (Date | null | undefined)[]): ReconcileResult {
  const known = moments.filter((moment) => moment instanceof Date);
  if (known.length === 0) return {};
  return { requeueAt: new Date(Math.min(...known.map((moment) => moment.getTime()))) };
}

export const after = (at: Date, milliseconds: number): Date =>
  new Date(at.getTime() + milliseconds);
