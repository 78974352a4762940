import { ClusterRefused, ClusterUnavailable, type PodView } from "../../cluster/port.ts";
import { expiresAt as leaseEnd } from "../../domain/leaseTime.ts";
import { MAXIMUM_AGES } from "../../domain/maximumAges.ts";
import type { Attempt, Disk, Reservation } from "../../domain/reservation.ts";
import { findAttachedDisk, recordZone } from "../../store/attachedDisk.ts";
import { claimPod, listAttempts, observeAttempt } from "../../store/attempts.ts";
import { nodeWasReady } from "../../store/capacity.ts";
import { after, earliest, type ReconcilerContext } from "../context.ts";
import { assessStart, type StartAssessment } from "./assessStart.ts";
import { DiskLost, ensureObjects, imageOf } from "./ensureObjects.ts";
import { beginStopping, clockTime, typeOf, write, type PassResult } from "./pass.ts";

/** Watches bring news; this is for those that were lost. */
const LOOK_AGAIN_MS = 5_000;
/** Starts that the cluster turns away are tried again on what the plan finds then, so many times. */
const MOST_ATTEMPTS = 3;
/** After an outage the cluster has this long to catch up before a deadline counts. */
const STEADY_MS = 60_000;

/** Placed: its objects are made, then its pod is followed until it can be reached. */
export async function passStarting(
  context: ReconcilerContext,
  row: Reservation,
): Promise<PassResult> {
  if (row.cancelRequestedAt) {
    return beginStopping(context, row, "cancelled", "Cancelled while it was starting.");
  }
  const [attempts, disk] = await Promise.all([
    listAttempts(context.database, row.id),
    findAttachedDisk(context.database, row.id),
  ]);
  const attempt = attempts.find((one) => one.attempt === row.attempt && one.goneAt === null);
  if (!attempt) {
    return replaceOrFail(context, row, undefined, "its pod is gone");
  }
  if (attempt.podUid === null) return makeObjects(context, row, attempt, disk);
  const pod = await context.cluster.getPod(attempt.podName);
  context.steadiness.answered();
  if (pod?.uid !== attempt.podUid) {
    return replaceOrFail(context, row, attempt, "its pod was removed by somebody else");
  }
  if (row.hostPublicKey === null) return makeObjects(context, row, attempt, disk);
  return follow(context, row, attempt, disk, pod);
}

async function makeObjects(
  context: ReconcilerContext,
  row: Reservation,
  attempt: Attempt,
  disk: Disk | undefined,
): Promise<PassResult> {
  try {
    const { pod, hostPublicKey } = await ensureObjects(context, row, attempt, disk);
    context.steadiness.answered();
    if (!(await claimPod(context.database, attempt.podName, pod.uid))) {
      // The attempt ended while this call was under way: what it made must go again.
      await context.cluster.deletePod(pod.name, pod.uid);
      return "again";
    }
    return await write(context, row, {
      patch: { hostPublicKey, phase: disk ? "disk" : "placing", phaseDetail: diskDetail(disk) },
    });
  } catch (error) {
    if (error instanceof DiskLost) return startFailed(context, row, error.message);
    if (error instanceof ClusterUnavailable) return keepTrying(context, row, attempt, error);
    if (!(error instanceof ClusterRefused)) throw error;
    if (error.reason === "Invalid" || error.reason === "AlreadyExists") {
      return startFailed(context, row, error.message);
    }
    context.log.warn({ err: error, reservationId: row.id }, "the cluster refuses a start for now");
    return (await deadline(context, row, null)) ?? tell(context, row, row.phase, error.message);
  }
}

/**
 * Objects can't be made, by an admission webhook that is down, say. Where the cluster answers reads, that is this start's
 * own trouble: it is told, and its deadline counts. Where it does not, nothing is known.
 */
async function keepTrying(
  context: ReconcilerContext,
  row: Reservation,
  attempt: Attempt,
  error: ClusterUnavailable,
): Promise<PassResult> {
  context.log.warn(
    { err: error, reservationId: row.id },
    "a start's objects could not be made yet",
  );
  const pod = await context.cluster.getPod(attempt.podName);
  context.steadiness.answered();
  return (
    (await deadline(context, row, pod ?? null)) ??
    tell(context, row, row.phase, `So far ${error.message}`)
  );
}

const diskDetail = (disk: Disk | undefined): string =>
  disk ? `Attaching disk "${disk.name}".` : "Waiting for the scheduler.";

async function follow(
  context: ReconcilerContext,
  row: Reservation,
  attempt: Attempt,
  disk: Disk | undefined,
  pod: PodView,
): Promise<PassResult> {
  const now = context.clock.now();
  const seen = assessStart(pod, {
    now,
    image: imageOf(context, row).reference,
    failingSince: row.phase === "image" ? row.phaseSince : null,
  });
  if (disk?.zone === null && pod.node !== null) {
    await recordZone(context.database, disk.id, pod.node);
  }
  if (seen.kind === "ready") return becomeReady(context, row, attempt, pod);
  if (seen.kind === "fail") return startFailed(context, row, seen.why);
  const lost = seen.kind === "replace" ? seen : await nodeLost(context, pod);
  if (lost) return replaceOrFail(context, row, attempt, lost.why);
  const failed = await deadline(context, row, pod);
  if (failed) return failed;
  return seen.kind === "phase" ? showPhase(context, row, disk, seen) : "again";
}

function showPhase(
  context: ReconcilerContext,
  row: Reservation,
  disk: Disk | undefined,
  seen: StartAssessment & { kind: "phase" },
): Promise<PassResult> {
  const phase = seen.phase === "placing" && disk ? "disk" : seen.phase;
  // An image that failed once keeps its phase, and with it the time since when it fails.
  const kept = row.phase === "image" && phase === "pulling" ? "image" : phase;
  return tell(context, row, kept, seen.detail);
}

async function tell(
  context: ReconcilerContext,
  row: Reservation,
  phase: Reservation["phase"],
  detail: string,
): Promise<PassResult> {
  if (row.phase !== phase) {
    return write(context, row, {
      patch: { phase, phaseDetail: detail },
      events: [{ type: "reservation.phase", message: detail, data: { phase } }],
    });
  }
  if (row.phaseDetail !== detail) {
    return write(context, row, { patch: { phaseDetail: detail } });
  }
  const now = context.clock.now();
  const due = MAXIMUM_AGES.starting.until(row, typeOf(context, row), context.catalogue);
  return earliest(after(now, LOOK_AGAIN_MS), due && due > now ? due : null);
}

/** Bound to a node that went away: only a read of that node, made now, says so. */
async function nodeLost(
  context: ReconcilerContext,
  pod: PodView,
): Promise<{ why: string } | undefined> {
  if (pod.node === null || (await nodeWasReady(context.database, pod.node)) === true) return;
  const node = await context.cluster.getNode(pod.node);
  return node?.ready === true ? undefined : { why: `node ${pod.node} was lost` };
}

async function becomeReady(
  context: ReconcilerContext,
  row: Reservation,
  attempt: Attempt,
  pod: PodView,
): Promise<PassResult> {
  const readyAt = context.clock.now();
  if (!row.capacityUntil) throw new Error(`reservation ${row.id} starts without its capacity`);
  const seconds = row.durationSeconds + row.extendedSeconds;
  const expiresAt = leaseEnd(readyAt, seconds, row.capacityUntil, typeOf(context, row));
  context.log.info({ reservationId: row.id, pod: pod.name }, "reservation is ready");
  return write(context, row, {
    to: "ready",
    patch: { phase: null, phaseDetail: null, readyAt, expiresAt, warnedMinutes: null },
    events: [
      {
        type: "reservation.ready",
        message: `Ready on ${attempt.node} until ${clockTime(expiresAt)}.`,
        data: { node: attempt.node, expiresAt: expiresAt.toISOString() },
      },
    ],
    and: (trx) => observeAttempt(trx, { ...pod, podName: pod.name }),
  });
}

/** Only after a successful read, of a cluster that has answered long enough to have done better. */
async function deadline(
  context: ReconcilerContext,
  row: Reservation,
  pod: PodView | null,
): Promise<PassResult | undefined> {
  const now = context.clock.now();
  const type = typeOf(context, row);
  const made = pod && pod.createdAt < now ? pod.createdAt : null;
  const from = made && row.placedAt && made > row.placedAt ? made : row.placedAt;
  const due = MAXIMUM_AGES.starting.until({ ...row, placedAt: from }, type, context.catalogue);
  if (!due || now < due) return undefined;
  const steady = context.steadiness.steadyAt(STEADY_MS);
  if (now < steady) return { requeueAt: steady };
  const minutes = String(Math.round(type.startBudgetSeconds / 60));
  return startFailed(
    context,
    row,
    `it was not ready within ${minutes} min; it was in phase "${row.phase ?? "placing"}": ${row.phaseDetail ?? ""}`,
  );
}

function startFailed(context: ReconcilerContext, row: Reservation, why: string): Promise<"again"> {
  return beginStopping(context, row, "start-failed", `It could not start: ${why}`);
}

/** Back to its place in the queue, which is by the age of the request; its old pod holds its units until gone. */
async function replaceOrFail(
  context: ReconcilerContext,
  row: Reservation,
  attempt: Attempt | undefined,
  why: string,
): Promise<PassResult> {
  if (row.attempt >= MOST_ATTEMPTS) {
    return startFailed(context, row, `${why}. That was attempt ${String(row.attempt)}, the last.`);
  }
  context.log.warn({ reservationId: row.id, attempt: row.attempt, why }, "start is tried again");
  const written = await write(context, row, {
    to: "queued",
    patch: {
      phase: null,
      phaseDetail: null,
      placedAt: null,
      capacityUntil: null,
      waitingPosition: 1,
      waitingReason: `It is placed anew: ${why}.`,
    },
    events: [
      {
        type: "reservation.requeued",
        message: `It is placed anew: ${why}.`,
        data: { attempt: row.attempt, node: attempt?.node ?? null },
      },
    ],
  });
  return written;
}
