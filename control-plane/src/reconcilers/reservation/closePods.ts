import type { PodView } from "../../cluster/port.ts";
import type { Attempt, Reservation } from "../../domain/reservation.ts";
import { claimPod, releaseAttempt } from "../../store/attempts.ts";
import { inTransaction } from "../../store/database.ts";
import { queueNow } from "../../store/jobs.ts";
import type { ReconcilerContext } from "../context.ts";

export type Closed =
  | "gone"
  /** Its processes still end. */
  | { readonly deleting: PodView };

/**
 * Takes a pod away, and gives its units back the moment that it is seen gone: the next plan is queued in that
 * same transaction, before anything else is cleared up.
 */
export async function closePod(
  context: ReconcilerContext,
  row: Reservation,
  attempt: Attempt,
): Promise<Closed> {
  const pod = await context.cluster.getPod(attempt.podName);
  context.steadiness.answered();
  if (!pod || (attempt.podUid !== null && pod.uid !== attempt.podUid)) {
    return release(context, row, attempt);
  }
  if (attempt.podUid === null) {
    if (pod.installation !== context.installation || pod.reservationId !== row.id) {
      return release(context, row, attempt);
    }
    // Made, but the process ended before its UID was stored.
    await claimPod(context.database, attempt.podName, pod.uid);
  }
  if (pod.deleting) return { deleting: pod };
  const outcome = await context.cluster.deletePod(pod.name, pod.uid);
  if (outcome === "gone") return release(context, row, attempt);
  const now = await context.cluster.getPod(pod.name);
  return now?.uid === pod.uid ? { deleting: now } : release(context, row, attempt);
}

async function release(
  { database, clock }: ReconcilerContext,
  row: Reservation,
  attempt: Attempt,
): Promise<"gone"> {
  await inTransaction(database, async (trx) => {
    if (await releaseAttempt(trx, attempt.podName, clock.now())) {
      await queueNow(trx, "plan", row.gpuType);
    }
  });
  return "gone";
}
