import type { PodView } from "../../cluster/port.ts";
import type { Reservation } from "../../domain/reservation.ts";
import { recordPodUid, releaseAttempt } from "../../store/attempts.ts";
import { inTransaction, type Transaction } from "../../store/database.ts";
import { releaseAttachment, removeUnusedDisk } from "../../store/disks.ts";
import { appendEvent } from "../../store/events.ts";
import { queueNow } from "../../store/jobs.ts";
import type { ReconcilerContext } from "../context.ts";
import type { Member, Observation } from "./observation.ts";
import { observeRow, readPod } from "./observe.ts";

/**
 * Deletes the pods of these members. Once a pod is observed to be gone, one transaction releases
 * its units and queues the next plan, before anything else is cleaned up.
 * @returns the observation afterwards: released members have `goneAt`, the others are closing
 */
export async function closeMembers(
  context: ReconcilerContext,
  observation: Observation,
  members: readonly Member[],
): Promise<Observation> {
  const closed = await Promise.all(
    (observation.members ?? []).map(async (member) =>
      members.includes(member) ? closeMember(context, observation, member) : member,
    ),
  );
  return { ...observeRow(context, observation.row), members: closed };
}

async function closeMember(
  context: ReconcilerContext,
  observation: Observation,
  member: Member,
): Promise<Member> {
  const { attempt, pod } = member;
  if (!pod) return release(context, observation, member);
  if (attempt.podUid === undefined) {
    // The process that created it died before it recorded the UID.
    await recordPodUid(context.database, attempt.podName, pod.uid);
  }
  const recorded = { ...member, attempt: { ...attempt, podUid: pod.uid } };
  if (pod.deleting) return closing(recorded, pod);
  const outcome = await context.cluster.deletePod(pod.name, pod.uid);
  if (outcome === "gone") return release(context, observation, recorded);
  const remaining = await readPod(context, recorded.attempt);
  return remaining ? closing(recorded, remaining) : release(context, observation, recorded);
}

const closing = (member: Member, pod: PodView): Member => ({ ...member, pod, isClosing: true });

async function release(
  { database, clock }: ReconcilerContext,
  { row }: Observation,
  member: Member,
): Promise<Member> {
  const now = clock.now();
  await inTransaction(database, async (trx) => {
    if (await releaseAttempt(trx, member.attempt.podName, now)) {
      await queueNow(trx, "plan", row.gpuType);
    }
  });
  return { ...member, pod: undefined, attempt: { ...member.attempt, goneAt: now } };
}

/**
 * Frees the disk for the next reservation, in the transaction that records it. A disk that was only
 * announced is removed if the reservation never started.
 */
export async function freeDisk(
  trx: Transaction,
  { id, ownerId, attempt }: Reservation,
  now: Date,
): Promise<void> {
  const removed = attempt === 0 ? await removeUnusedDisk(trx, id) : undefined;
  const disk = removed ?? (await releaseAttachment(trx, id, now))?.name;
  if (disk === undefined) return;
  const message =
    removed === undefined
      ? `Disk "${disk}" is free; its files are kept.`
      : `Disk "${disk}" was not created, because the reservation never started.`;
  const event = { type: "disk.released", message, data: { disk } } as const;
  await appendEvent(trx, { ownerId, reservationId: id }, now, event);
}
