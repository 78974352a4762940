import type { GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import { addMs, Second } from "@gpu-dev/shared/durations.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { ClusterUnavailable } from "../cluster/port.ts";
import { findType, unitsOf } from "../domain/catalogue.ts";
import { capacityUntil } from "../domain/leaseTime.ts";
import { planInputOf, type QueuedReservation } from "../domain/plan/pool.ts";
import type { Placement, Plan, PlanInput } from "../domain/plan/types.ts";
import { podName } from "../domain/reservation.ts";
import { insertAttempt } from "../store/attempts.ts";
import { pipelined, type Transaction } from "../store/database.ts";
import { queueAt, queueNow } from "../store/jobs.ts";
import { listQueues, readPools, withPoolLock, writeWaiting } from "../store/planning.ts";
import { writeReservation, type ReservationChange } from "../store/transition.ts";
import type { ReconcileResult, ReconcilerContext } from "./context.ts";

/** Keeps a pass short; the next pass places the rest. */
const MAX_PLACED = 100;
/**
 * Placements that this process starts directly; the queue distributes the others over all
 * processes.
 */
const MAX_STARTED = 4;
const RECHECK_MS = Second.ms;
/** After this time the queue starts a reservation that this process could not start. */
const TAKE_OVER_AFTER_MS = Second.ms;

/**
 * Runs one pass over a pool (the key is a GPU type): observes, plans and writes under the pool's
 * lock, then starts the first placements directly.
 */
export async function reconcilePlan(
  context: ReconcilerContext,
  pool: string,
): Promise<ReconcileResult> {
  const type = findType(context.catalogue, pool);
  if (!type) {
    context.log.warn({ pool }, "plan skipped: the catalogue has no such type");
    return {};
  }
  const placed = await withPoolLock(context.database, pool, async (trx) => {
    const endPass = context.metrics.startPlanPass();
    try {
      const observed = await observePool(context, trx, type);
      if (observed === undefined) return [];
      const plan = context.planner.plan(observed.input);
      return await writePlan(context, trx, { type, queue: observed.queue, plan });
    } finally {
      endPass();
    }
  });
  // Another pass waits for the lock and covers this one. It may fail, so check again.
  if (placed === undefined) return { requeueAt: addMs(context.clock.now(), RECHECK_MS) };
  await Promise.all(placed.slice(0, MAX_STARTED).map((id) => startDirectly(context, id)));
  return {};
}

interface ObservedPool {
  readonly queue: readonly QueuedReservation[];
  readonly input: PlanInput;
}

/** @returns undefined when nothing is queued */
async function observePool(
  { clock }: ReconcilerContext,
  trx: Transaction,
  type: GpuType,
): Promise<ObservedPool | undefined> {
  const queue = await listQueues(trx, [type.id]);
  if (!queue.some(({ isPlaceable }) => isPlaceable)) return undefined;
  const { clusterSeenAt, pools } = await readPools(trx, [type.id]);
  const pool = pools.get(type.id);
  return { queue, input: planInputOf(type, { clusterSeenAt, pool, queue, now: clock.now() }) };
}

/**
 * Writes the plan in the transaction that read its input: an older pass never overwrites a newer
 * one.
 */
async function writePlan(
  context: ReconcilerContext,
  trx: Transaction,
  {
    type,
    queue,
    plan,
  }: { readonly type: GpuType; readonly plan: Plan } & Pick<ObservedPool, "queue">,
): Promise<readonly ReservationId[]> {
  const placements = plan.placements.slice(0, MAX_PLACED);
  const rows = new Map(queue.map((row) => [row.id, row]));
  await pipelined(trx, [
    ...placements.map(async (placement, index) => {
      const row = rows.get(placement.reservationId);
      const isStarted = index < MAX_STARTED;
      if (row) await writePlacement(context, trx, { type, row, placement, isStarted });
    }),
    writeWaiting(trx, plan.waiting),
    placements.length < plan.placements.length && queueNow(trx, "plan", type.id),
  ]);
  return placements.map(({ reservationId }) => reservationId);
}

async function writePlacement(
  context: ReconcilerContext,
  trx: Transaction,
  placed: {
    readonly type: GpuType;
    readonly row: QueuedReservation;
    readonly placement: Placement;
    /** This process starts it directly; the queue starts it only if that fails. */
    readonly isStarted: boolean;
  },
): Promise<void> {
  const { type, row, placement } = placed;
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
    // It was cancelled after it was read, so the units planned for it are free for another.
    await queueNow(trx, "plan", type.id);
    return;
  }
  const { id } = row;
  await pipelined(trx, [
    ...placement.nodes.map((node, rank) =>
      insertAttempt(trx, {
        reservationId: id,
        rank,
        attempt,
        node,
        units,
        podName: podName(id, rank, attempt),
        now,
      }),
    ),
    placed.isStarted
      ? queueAt(trx, "reservation", id, addMs(now, TAKE_OVER_AFTER_MS))
      : queueNow(trx, "reservation", id),
  ]);
}

function placedOn(
  nodes: readonly string[],
  gpus: number,
  placed: { readonly attempt: number; readonly placedAt: Date; readonly capacityUntil: Date },
): ReservationChange {
  const where = `Placed on ${nodes.join(", ")}`;
  const { attempt, capacityUntil: until } = placed;
  return {
    to: "starting",
    patch: {
      phase: "placing",
      phaseDetail: `${where}.`,
      waitingReason: undefined,
      waitingPosition: undefined,
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

/**
 * Starts a reservation without waiting for the queue. Its job is already stored, in case this fails
 * or the process dies.
 */
async function startDirectly(context: ReconcilerContext, id: ReservationId): Promise<void> {
  try {
    const { requeueAt } = await context.startReservation(context, id);
    if (requeueAt) await queueAt(context.database, "reservation", id, requeueAt);
  } catch (error) {
    if (error instanceof ClusterUnavailable) context.availability.failed();
    context.log.warn(
      { err: error, reservationId: id },
      "direct start failed; the queue will retry",
    );
  }
}
