import type { ReconcilerName } from "../store/jobs.ts";
import { reconcileCapacity } from "./capacity.ts";
import type { Reconciler } from "./context.ts";
import { reconcileGarbage } from "./garbage.ts";
import { reconcilePlan } from "./plan.ts";
import { reconcileReservation } from "./reservation/reconcileReservation.ts";
import { reconcileResync } from "./resync.ts";
import { reconcileRetention } from "./retention.ts";

/**
 * The reconciler of each kind of job. Disks are created and released by the reservation that holds
 * them.
 */
export const REGISTRY: Record<ReconcilerName, Reconciler> = {
  plan: reconcilePlan,
  reservation: reconcileReservation,
  capacity: reconcileCapacity,
  garbage: reconcileGarbage,
  retention: reconcileRetention,
  resync: reconcileResync,
};
