import type { GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import { addMs } from "@gpu-dev/shared/durations.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { ClusterUnavailable } from "../cluster/port.ts";
import { findType, unitsOf } from "../domain/catalogue.ts";
import { capacityUntil } from "../domain/leaseTime.ts";
import { podName } from "../domain/reservation.ts";
import { planInputOf, type QueuedReservation } from "../domain/plan/pool.ts";
import type { Placement } from "../domain/plan/types.ts";
import { insertAttempt } from "../store/attempts.ts";
import type { Transaction } from "../store/database.ts";
import { queueAt, queueNow } from "../store/jobs.ts";
import * as planning from "../store/planning.ts";
import { writeReservation, type ReservationChange } from "../store/transition.ts";
import type { ReconcileResult, ReconcilerContext } from "./context.ts";
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
  const placements = await planning.withPoolLock(context.database, pool, (trx) =>
    placeWhatFits(context, trx, type),
  );
  // The one that waits may yet fail; its own job says nothing of that to who came after it.
  if (placements === null) return { requeueAt: addMs(context.clock.now(), RECHECK_MS) };
  await Promise.all(
    placements
      .slice(0, STARTED_AT_ONCE)
      .map(({ reservationId }) => startAtOnce(context, reservationId)),
  );
  return {};
}

/** So that no pass is long: the rest is placed by the next one. */
const PLACED_AT_ONCE = 100;
/** More than these go through the queue, which spreads them over all processes. */
const STARTED_AT_ONCE = 4;
const RECHECK_MS = 1_000;
/** When the queue takes a start over that this process could not begin. */
const TAKEN_OVER_AFTER_MS = 1_000;

/** Saves a start the way through the queue. Its job is there already, in case that this fails or the process dies. */
async function startAtOnce(context: ReconcilerContext, id: ReservationId): Promise<void> {
  try {
    const { requeueAt } = await reconcileReservation(context, id);
    if (requeueAt) await queueAt(context.database, "reservation", id, requeueAt);
  } catch (error) {
    if (error instanceof ClusterUnavailable) context.availability.failed();
    context.log.warn({ err: error, reservationId: id }, "start goes on through the queue");
  }
}

async function placeWhatFits(
  context: ReconcilerContext,
  trx: Transaction,
  type: GpuType,
): Promise<readonly Placement[]> {
  const queue = await planning.listQueues(trx, [type.id]);
  if (queue.length === 0) return [];
  const { clusterSeenAt, pools } = await planning.readPools(trx, [type.id]);
  const now = context.clock.now();
  const plan = context.planner.plan(
    planInputOf(type, { clusterSeenAt, pool: pools.get(type.id), queue, now }),
  );
  const placements = plan.placements.slice(0, PLACED_AT_ONCE);
  const rows = new Map(queue.map((row) => [row.id, row]));
  await Promise.all([
    ...placements.map(async (placement, index) => {
      const row = rows.get(placement.reservationId);
      if (row) await place(context, trx, { type, row, placement, atOnce: index < STARTED_AT_ONCE });
    }),
    // In turn, as the rest of the pass: what an older pass found never comes over what a newer one did.
    planning.writeWaiting(trx, plan.waiting),
    placements.length < plan.placements.length && queueNow(trx, "plan", type.id),
  ]);
  return placements;
}

async function place(
  context: ReconcilerContext,
  trx: Transaction,
  wanted: {
    readonly type: GpuType;
    readonly row: QueuedReservation;
    readonly placement: Placement;
    /** This process starts it; the queue only if that fails. */
    readonly atOnce: boolean;
  },
): Promise<void> {
  const { type, row, placement } = wanted;
  const now = context.clock.now();
  const attempt = row.attempt + 1;
  const until = capacityUntil(now, row.durationSeconds + row.extendedSeconds, type);
  const units = unitsOf(type, row.gpus, row.nodeCount);
  const change = placedOn(placement.nodes, row.gpus, {
    attempt,
    placedAt: now,
    capacityUntil: until,
  });
  const written = await writeReservation(trx, row, { ...change, now });
  if (written.outcome !== "updated") {
    // It was cancelled, or placed, between the read and here: what it would have held is looked at again.
    await queueNow(trx, "plan", type.id);
    return;
  }
  const { id } = row;
  await Promise.all([
    ...placement.nodes.map((node, rank) =>
      insertAttempt(trx, {
        ...{ reservationId: id, rank, attempt, node, units, now },
        podName: podName(id, rank, attempt),
      }),
    ),
    wanted.atOnce
      ? queueAt(trx, "reservation", id, addMs(now, TAKEN_OVER_AFTER_MS))
      : queueNow(trx, "reservation", id),
  ]);
}

function placedOn(
  nodes: readonly string[],
  gpus: number,
  placed: { readonly attempt: number; readonly placedAt: Date; readonly capacityUntil: Date },
): ReservationChange {
  const { attempt, capacityUntil: until } = placed;
  const where = `Placed on ${nodes.join(", ")}`;
  return {
    to: "starting",
    patch: {
      ...{ phase: "placing", phaseDetail: `${where}.`, waitingReason: null, waitingPosition: null },
      ...placed,
    },
    events: [
      {
        type: "reservation.placed",
        message: `${where}${gpus > 0 ? ` with ${gpuCount(gpus)}` : ""}.`,
        data: { nodes, attempt, capacityUntil: until.toISOString() },
      },
    ],
  };
}

const gpuCount = (gpus: number): string => `${String(gpus)} ${gpus === 1 ? "GPU" : "GPUs"}`;
