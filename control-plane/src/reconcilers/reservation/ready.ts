import { ClusterUnavailable, type PodView } from "../../cluster/port.ts";
import { dueWarning, nextLeaseMoment } from "../../domain/leaseTime.ts";
import type { Attempt, Reservation } from "../../domain/reservation.ts";
import { listAttempts } from "../../store/attempts.ts";
import { listKeys } from "../../store/sshKeys.ts";
import { after, earliest, type ReconcilerContext } from "../context.ts";
import { assessEnd } from "./assessEnd.ts";
import { authorizedKeys } from "./ensureObjects.ts";
import { beginStopping, clockTime, write, type PassResult } from "./pass.ts";
import { tellRestarts } from "./restarts.ts";

const AFTER_FAILURE_MS = 10_000;

/** In use: it ends by its own time or wish whatever the cluster does, and else only by what was seen of its pod. */
export async function passReady(context: ReconcilerContext, row: Reservation): Promise<PassResult> {
  const { readyAt, expiresAt } = row;
  if (!readyAt || !expiresAt) throw new Error(`reservation ${row.id} is ready without its times`);
  if (row.cancelRequestedAt) {
    return beginStopping(context, row, "cancelled", "Cancelled while it was in use.");
  }
  const now = context.clock.now();
  if (now >= expiresAt) {
    return beginStopping(context, row, "expired", `Its time was over at ${clockTime(expiresAt)}.`);
  }
  const due = dueWarning(now, { readyAt, expiresAt });
  if (due !== null && (row.warnedMinutes === null || due < row.warnedMinutes)) {
    return warn(context, row, due, expiresAt);
  }
  const next = nextLeaseMoment(now, { readyAt, expiresAt });
  try {
    return (await lookAtPod(context, row)) ?? earliest(next);
  } catch (error) {
    if (!(error instanceof ClusterUnavailable)) throw error;
    context.steadiness.failed();
    context.log.warn({ err: error, reservationId: row.id }, "the cluster is away; nothing ends");
    return earliest(next, after(now, AFTER_FAILURE_MS));
  }
}

function warn(
  context: ReconcilerContext,
  row: Reservation,
  minutes: number,
  expiresAt: Date,
): Promise<"again"> {
  return write(context, row, {
    patch: { warnedMinutes: minutes },
    events: [
      {
        type: "reservation.warning",
        message: `It ends in ${String(minutes)} min, at ${clockTime(expiresAt)}.`,
        data: { minutes, expiresAt: expiresAt.toISOString() },
      },
    ],
  });
}

async function lookAtPod(
  context: ReconcilerContext,
  row: Reservation,
): Promise<PassResult | undefined> {
  const attempts = await listAttempts(context.database, row.id);
  const attempt = attempts.find((one) => one.attempt === row.attempt);
  if (!attempt) throw new Error(`reservation ${row.id} is ready without an attempt`);
  const pod = await readPod(context, attempt);
  context.steadiness.answered();
  const end = await assessEnd(context, attempt, pod);
  if (end) return beginStopping(context, row, end.reason, end.detail);
  if (!pod) return undefined;
  const told = await tellRestarts(context, row, attempt, pod);
  if (told) return told;
  const keys = await listKeys(context.database, row.ownerId);
  const content = { authorizedKeys: authorizedKeys(keys), expiresAt: row.expiresAt };
  if ((await context.cluster.updateSecret(row.id, content)) === "missing") {
    context.log.warn({ reservationId: row.id }, "its Secret is missing; its keys stay as they are");
  }
  return undefined;
}

/** That very pod, by its UID: another one of the same name is not it. */
async function readPod(
  { cluster }: ReconcilerContext,
  attempt: Attempt,
): Promise<PodView | undefined> {
  const pod = await cluster.getPod(attempt.podName);
  return pod?.uid === attempt.podUid ? pod : undefined;
}
