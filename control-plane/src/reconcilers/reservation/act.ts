import { terminalStateFor, type EndReason } from "@gpu-dev/shared/states.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import { clockTime } from "../../domain/clockTime.ts";
import type { Reservation } from "../../domain/reservation.ts";
import { recordZone } from "../../store/disks.ts";
import { recordPod, recordPullFailure } from "../../store/attempts.ts";
import {
  inTransaction,
  pipelined,
  type Queryable,
  type Transaction,
} from "../../store/database.ts";
import { listKeys } from "../../store/sshKeys.ts";
import { writeReservation, type ReservationChange } from "../../store/transition.ts";
import type { ReconcileResult, ReconcilerContext } from "../context.ts";
import { freeDisk } from "./closeMembers.ts";
import { authorizedKeys } from "./createObjects.ts";
import type { Decision } from "./decision.ts";
import { endSummary, restartCause, stopSummary } from "./messages.ts";
import type { Member } from "./observation.ts";

/** `again`: something was written, here or by another process; read the row again and continue. */
export type ActResult = "again" | ReconcileResult;

/** The decisions that end a pass. The others change the cluster or read, and the step continues. */
export type FinalDecision = Exclude<Decision, { kind: "observe" | "create" | "close" }>;
type DecisionOf<Kind extends Decision["kind"]> = Extract<Decision, { readonly kind: Kind }>;

/** Executes a decision: one guarded write, calls to the cluster, or a time to check again. */
export async function act(
  context: ReconcilerContext,
  row: Reservation,
  decision: FinalDecision,
): Promise<ActResult> {
  if (decision.diskZone) {
    await recordZone(context.database, decision.diskZone.disk, decision.diskZone.node);
  }
  switch (decision.kind) {
    case "progress":
      return progress(context, row, decision);
    case "ready":
      return becomeReady(context, row, decision);
    case "replace":
      return replace(context, row, decision);
    case "end":
      return beginStopping(context, row, decision);
    case "warn":
      return warn(context, row, decision);
    case "reportRestart":
      return reportRestart(context, row, decision);
    case "maintain":
      return maintain(context, row, decision);
    case "forceDelete":
      return forceDelete(context, row, decision.members);
    case "releaseDisk":
      return releaseDisk(context, row, decision);
    case "finish":
      return finish(context, row, decision.reason);
    case "wait":
      return decision.checkAt ? { requeueAt: decision.checkAt } : {};
  }
}

interface Change extends ReservationChange {
  /** Runs in the same transaction, only if the row was written. */
  readonly alongside?: (trx: Transaction, now: Date) => Promise<unknown>;
}

/** One guarded write in its own transaction. A stale row is not an error: the pass starts over. */
export async function write(
  { database, clock }: ReconcilerContext,
  row: Reservation,
  { alongside, ...change }: Change,
): Promise<"again"> {
  const now = clock.now();
  await inTransaction(database, async (trx) => {
    const written = await writeReservation(trx, row, { ...change, now });
    if (written.outcome === "updated") await alongside?.(trx, now);
  });
  return "again";
}

function progress(
  context: ReconcilerContext,
  row: Reservation,
  { phase, detail, hasEvent, pullFailures = [] }: DecisionOf<"progress">,
): Promise<"again"> {
  if (row.state === "stopping" && row.phase === phase) {
    context.log.warn({ reservationId: row.id }, "pod exceeds its teardown budget");
  }
  return write(context, row, {
    patch: { ...(row.phase === phase ? {} : { phase }), phaseDetail: detail },
    events: hasEvent
      ? [{ type: "reservation.phase", message: detail ?? "", data: { phase: phase ?? null } }]
      : [],
    alongside: (trx) =>
      pipelined(
        trx,
        pullFailures.map(({ podName, since }) => recordPullFailure(trx, podName, since)),
      ),
  });
}

function becomeReady(
  context: ReconcilerContext,
  row: Reservation,
  { members, expiresAt }: DecisionOf<"ready">,
): Promise<"again"> {
  const now = context.clock.now();
  const nodes = members.map(({ attempt }) => attempt.node);
  context.log.info({ reservationId: row.id, nodes }, "reservation is ready");
  return write(context, row, {
    to: "ready",
    patch: {
      phase: undefined,
      phaseDetail: undefined,
      readyAt: now,
      expiresAt,
      warnedMinutes: undefined,
    },
    events: [
      {
        type: "reservation.ready",
        message: `Ready on ${nodes.join(", ")} until ${clockTime(expiresAt, now)}.`,
        data: { node: nodes[0] ?? null, nodes, expiresAt: expiresAt.toISOString() },
      },
    ],
    alongside: (trx) =>
      pipelined(
        trx,
        members.map((member) => recordObservation(trx, member)),
      ),
  });
}

/** Stores what the member's pod shows. */
async function recordObservation(db: Queryable, { pod }: Member): Promise<void> {
  if (pod) await recordPod(db, { ...pod, podName: pod.name });
}

/**
 * Back to the queue. The planner places it with its next attempt; its old pods are closed there.
 */
function replace(
  context: ReconcilerContext,
  row: Reservation,
  { why, node }: DecisionOf<"replace">,
): Promise<"again"> {
  context.log.warn({ reservationId: row.id, attempt: row.attempt, why }, "start will be retried");
  const message = `Rescheduled: ${why}.`;
  return write(context, row, {
    to: "queued",
    patch: {
      phase: undefined,
      phaseDetail: undefined,
      placedAt: undefined,
      capacityUntil: undefined,
      waitingPosition: 1,
      waitingReason: message,
    },
    events: [
      { type: "reservation.requeued", message, data: { attempt: row.attempt, node: node ?? null } },
    ],
  });
}

/** The only exit of every live state: `stopping` releases objects and disk. */
function beginStopping(
  context: ReconcilerContext,
  row: Reservation,
  { reason, detail }: DecisionOf<"end">,
): Promise<"again"> {
  context.log.info({ reservationId: row.id, from: row.state, reason }, "reservation is stopping");
  return write(context, row, {
    to: "stopping",
    patch: {
      phase: "closing",
      phaseDetail: undefined,
      waitingReason: undefined,
      waitingPosition: undefined,
      endReason: reason,
      endDetail: detail,
    },
    events: [
      {
        type: "reservation.stopping",
        message: `${asSentence(detail)} ${stopSummary(row)}`.trim(),
        data: { reason },
      },
    ],
  });
}

function warn(
  context: ReconcilerContext,
  row: Reservation,
  { minutes, expiresAt }: DecisionOf<"warn">,
): Promise<"again"> {
  return write(context, row, {
    patch: { warnedMinutes: minutes },
    events: [
      {
        type: "reservation.warning",
        message: `It ends in ${String(minutes)} min, at ${clockTime(expiresAt, context.clock.now())}.`,
        data: { minutes, expiresAt: expiresAt.toISOString() },
      },
    ],
  });
}

async function reportRestart(
  context: ReconcilerContext,
  row: Reservation,
  { member, count }: DecisionOf<"reportRestart">,
): Promise<"again"> {
  const { pod, attempt } = member;
  if (!pod) return "again";
  const cause = pod.lastTermination?.reason;
  return write(context, row, {
    events: [
      {
        type: "reservation.restarted",
        message: `${restartCause(pod)} It was restarted; the workspace is unchanged.`,
        data: { count, restarts: pod.restarts, cause: cause ?? null, rank: attempt.rank },
      },
    ],
    alongside: (trx) => recordObservation(trx, member),
  });
}

async function maintain(
  context: ReconcilerContext,
  row: Reservation,
  { changed, checkAt }: DecisionOf<"maintain">,
): Promise<ReconcileResult> {
  const { database, cluster, log } = context;
  await Promise.all(changed.map((member) => recordObservation(database, member)));
  const keys = await listKeys(database, row.ownerId);
  const content = { authorizedKeys: authorizedKeys(keys), expiresAt: row.expiresAt };
  if ((await cluster.updateSecret(row.id, content)) === "missing") {
    log.warn({ reservationId: row.id }, "Secret is missing; its keys cannot be updated");
  }
  return checkAt ? { requeueAt: checkAt } : {};
}

async function forceDelete(
  { cluster, clock, log }: ReconcilerContext,
  row: Reservation,
  members: readonly Member[],
): Promise<ReconcileResult> {
  for (const { attempt } of members) {
    if (attempt.podUid === undefined) continue;
    const fields = { reservationId: row.id, pod: attempt.podName, node: attempt.node };
    log.warn(fields, "pod force-deleted: its node is lost");
    await cluster.forceDeletePod(attempt.podName, attempt.podUid);
  }
  return { requeueAt: clock.now() };
}

/** Every pod is gone, so nothing writes to the volume: the next reservation may attach it. */
function releaseDisk(
  context: ReconcilerContext,
  row: Reservation,
  { next }: DecisionOf<"releaseDisk">,
): Promise<"again"> {
  return write(context, row, {
    patch: { phase: next, phaseDetail: undefined },
    alongside: (trx, now) => freeDisk(trx, row, now),
  });
}

async function finish(
  context: ReconcilerContext,
  row: Reservation,
  reason: EndReason,
): Promise<"again"> {
  await context.cluster.deleteReservationObjects(row.id);
  const to = terminalStateFor(reason);
  context.log.info({ reservationId: row.id, state: to, reason }, "reservation has ended");
  const endedAt = context.clock.now();
  return write(context, row, {
    to,
    patch: { phase: undefined, phaseDetail: undefined, endedAt },
    events: [
      {
        type: to === "ended" ? "reservation.ended" : "reservation.failed",
        message: endSummary(row, endedAt),
        data: { reason },
      },
    ],
  });
}
