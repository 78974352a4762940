import { formatDuration, Second } from "@gpu-dev/shared/durations.ts";
import { terminalStateFor } from "@gpu-dev/shared/states.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import { MAXIMUM_AGES } from "../../domain/maximumAges.ts";
import type { Attempt, Reservation } from "../../domain/reservation.ts";
import { findAttachedDisk, releaseAttachment } from "../../store/attachedDisk.ts";
import { listAttempts } from "../../store/attempts.ts";
import { appendEvent } from "../../store/events.ts";
import { after, type ReconcilerContext } from "../context.ts";
import { closePod } from "./closePods.ts";
import { typeOf, write, type PassResult } from "./pass.ts";

const LOOK_AGAIN_MS = 2_000;

/** Closing, saving the disk, removing: every step is done when its effect is seen, never because it was asked for. */
export async function passStopping(
  context: ReconcilerContext,
  row: Reservation,
): Promise<PassResult> {
  switch (row.phase) {
    case "saving-disk":
      return saveDisk(context, row);
    case "removing":
      return removeObjects(context, row);
    default:
      return closing(context, row);
  }
}

async function closing(context: ReconcilerContext, row: Reservation): Promise<PassResult> {
  const attempts = await listAttempts(context.database, row.id);
  const holding = attempts.filter((attempt) => attempt.goneAt === null);
  const closed = await Promise.all(
    holding.map(async (attempt) => ({ attempt, outcome: await closePod(context, row, attempt) })),
  );
  const open = closed.filter(({ outcome }) => outcome !== "gone").map(({ attempt }) => attempt);
  if (open.length > 0) return waitForPods(context, row, open);
  const disk = await findAttachedDisk(context.database, row.id);
  const phase = disk ? "saving-disk" : "removing";
  return write(context, row, { patch: { phase, phaseDetail: null } });
}

/** It never gives up. Past its budget it says so, and what lies on a node that is lost is removed by force. */
async function waitForPods(
  context: ReconcilerContext,
  row: Reservation,
  open: readonly Attempt[],
): Promise<PassResult> {
  const now = context.clock.now();
  const again = { requeueAt: after(now, LOOK_AGAIN_MS) };
  const late = MAXIMUM_AGES.stopping.until(row, typeOf(context, row), context.catalogue);
  if (!late || now < late) return again;
  for (const attempt of open) {
    const node = await context.cluster.getNode(attempt.node);
    if (node?.ready === true || attempt.podUid === null) continue;
    context.log.warn(
      { reservationId: row.id, pod: attempt.podName, node: attempt.node },
      "pod removed by force: its node is lost",
    );
    await context.cluster.forceDeletePod(attempt.podName, attempt.podUid);
    return { requeueAt: now };
  }
  const detail = `Its pod on ${open.map((attempt) => attempt.node).join(", ")} takes longer to end than it should.`;
  if (row.phaseDetail === detail) return again;
  context.log.warn({ reservationId: row.id }, "pod takes longer to end than its teardown budget");
  return write(context, row, { patch: { phaseDetail: detail } });
}

/** The pod is gone, so nobody writes to the volume any more: the next reservation may have it. */
async function saveDisk(context: ReconcilerContext, row: Reservation): Promise<PassResult> {
  return write(context, row, {
    patch: { phase: "removing", phaseDetail: null },
    and: async (trx, now) => {
      const disk = await releaseAttachment(trx, row.id, now);
      if (!disk) return;
      await appendEvent(trx, { ownerId: row.ownerId, reservationId: row.id }, now, {
        type: "disk.released",
        message: `Disk "${disk.name}" is saved and free.`,
        data: { disk: disk.name },
      });
    },
  });
}

async function removeObjects(context: ReconcilerContext, row: Reservation): Promise<PassResult> {
  await context.cluster.deleteReservationObjects(row.id);
  const reason = row.endReason;
  if (reason === null) throw new Error(`reservation ${row.id} is stopping without a reason`);
  const to = terminalStateFor(reason);
  context.log.info({ reservationId: row.id, state: to, reason }, "reservation is over");
  const endedAt = context.clock.now();
  return write(context, row, {
    to,
    patch: { phase: null, phaseDetail: null, endedAt },
    events: [
      {
        type: to === "ended" ? "reservation.ended" : "reservation.failed",
        message: howItEnded(row, endedAt),
        data: { reason },
      },
    ],
  });
}

function howItEnded({ readyAt, endDetail }: Reservation, endedAt: Date): string {
  const over = readyAt
    ? `It is over, ${formatDuration((endedAt.getTime() - readyAt.getTime()) / Second.ms)} after it was ready.`
    : "It is over and was never ready.";
  return endDetail === null ? over : `${over} ${asSentence(endDetail)}`;
}
