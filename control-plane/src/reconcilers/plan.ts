import type { GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { ClusterUnavailable } from "../cluster/port.ts";
import { findType, unitsOf } from "../domain/catalogue.ts";
import { capacityUntil } from "../domain/leaseTime.ts";
import { podName } from "../domain/objectNames.ts";
import type { Placement, Plan, PlanInput } from "../domain/plan/types.ts";
import { insertAttempt } from "../store/attempts.ts";
import type { Transaction } from "../store/database.ts";
import { queueAt, queueNow } from "../store/jobs.ts";
import * as planning from "../store/planning.ts";
import { writeReservation } from "../store/transition.ts";
import { after, type ReconcileResult, type ReconcilerContext } from "./context.ts";
import { reconcileReservation } from "./reservation/reconcileReservation.ts";

/** One pass over a pool (the key is a GPU type): places what fits and tells the others why they wait. */
export async function reconcilePlan(
  context: ReconcilerContext,
  pool: string,
): Promise<ReconcileResult> {
  const type = findType(context.catalogue, pool);
  if (!type) {
    context.log.warn({ pool }, "requests wait for a type that the catalogue does not have");
    return {};
  }
  const plan = await planning.passInTurn(context.database, pool, (trx) =>
    placeWhatFits(context, trx, type),
  );
  if (plan === null) return {};
  await Promise.all(
    plan.placements
      .slice(0, STARTED_AT_ONCE)
      .map(({ reservationId }) => startAtOnce(context, reservationId)),
  );
  await planning.writeWaiting(context.database, plan.waiting);
  return {};
}

/** So that no pass is long: the rest is placed by the next one. */
const PLACED_AT_ONCE = 100;
/** More than these go through the queue, which spreads them over all processes. */
const STARTED_AT_ONCE = 4;
/** When the queue takes a start over that this process could not begin. */
const TAKEN_OVER_AFTER_MS = 1_000;

/** Saves a start the way through the queue. Its job is there already, in case that this fails or the process dies. */
async function startAtOnce(context: ReconcilerContext, id: ReservationId): Promise<void> {
  try {
    const { requeueAt } = await reconcileReservation(context, id);
    if (requeueAt) await queueAt(context.database, "reservation", id, requeueAt);
  } catch (error) {
    if (error instanceof ClusterUnavailable) context.steadiness.failed();
    context.log.warn({ err: error, reservationId: id }, "start goes on through the queue");
  }
}

async function placeWhatFits(
  context: ReconcilerContext,
  trx: Transaction,
  type: GpuType,
): Promise<Plan> {
  const queue = await planning.listQueue(trx, type.id);
  if (queue.length === 0) return { placements: [], waiting: [] };
  const { seenAt, nodes, leases } = await planning.readPool(trx, type.id);
  if (seenAt === null) return waitForCluster(queue);
  const input: PlanInput = {
    pool: type.id,
    nodes,
    leases,
    queue: queue.map((row) => ({
      reservationId: row.id,
      units: unitsOf(type, row.gpus, row.nodeCount),
      nodeCount: row.nodeCount,
      durationSeconds: row.durationSeconds + row.extendedSeconds,
      queuedAt: row.queuedAt,
      zone: row.zone,
    })),
    now: context.clock.now(),
  };
  const plan = context.planner(input);
  const placements = plan.placements.slice(0, PLACED_AT_ONCE);
  if (placements.length < plan.placements.length) await queueNow(trx, "plan", type.id);
  const rows = new Map(queue.map((row) => [row.id, row]));
  for (const [index, placement] of placements.entries()) {
    const row = rows.get(placement.reservationId);
    if (!row) continue;
    if (!(await place(context, trx, type, row, placement))) continue;
    if (index < STARTED_AT_ONCE) {
      const takenOver = after(context.clock.now(), TAKEN_OVER_AFTER_MS);
      await queueAt(trx, "reservation", row.id, takenOver);
    } else {
      await queueNow(trx, "reservation", row.id);
    }
  }
  return { ...plan, placements };
}

/** Nothing is known of any node: nothing is placed, and nobody is told a number. */
function waitForCluster(queue: readonly { readonly id: ReservationId }[]): Plan {
  return {
    placements: [],
    waiting: queue.map((row, index) => ({
      reservationId: row.id,
      position: index + 1,
      reason: "The cluster has not answered yet; the nodes are not known.",
    })),
  };
}

async function place(
  context: ReconcilerContext,
  trx: Transaction,
  type: GpuType,
  row: planning.QueuedRow,
  placement: Placement,
): Promise<boolean> {
  const now = context.clock.now();
  const attempt = row.attempt + 1;
  const until = capacityUntil(now, row.durationSeconds + row.extendedSeconds, type);
  const units = unitsOf(type, row.gpus, row.nodeCount);
  const nodes = placement.nodes.join(", ");
  const written = await writeReservation(trx, row, {
    to: "starting",
    patch: {
      phase: "placing",
      phaseDetail: `Placed on ${nodes}.`,
      waitingReason: null,
      waitingPosition: null,
      attempt,
      placedAt: now,
      capacityUntil: until,
    },
    events: [
      {
        type: "reservation.placed",
        message: `Placed on ${nodes}${row.gpus > 0 ? ` with ${gpuCount(row.gpus)}` : ""}.`,
        data: { nodes: placement.nodes, attempt, capacityUntil: until.toISOString() },
      },
    ],
    now,
  });
  if (written.outcome !== "updated") {
    // It was cancelled, or placed, between the read and here: what it would have held is looked at again.
    await queueNow(trx, "plan", type.id);
    return false;
  }
  for (const [rank, node] of placement.nodes.entries()) {
    const name = podName(row.id, rank, attempt);
    await insertAttempt(trx, {
      reservationId: row.id,
      rank,
      attempt,
      node,
      units,
      podName: name,
      now,
    });
  }
  return true;
}

const gpuCount = (gpus: number): string => `${String(gpus)} ${gpus === 1 ? "GPU" : "GPUs"}`;
