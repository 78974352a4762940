import type { PodView } from "../../cluster/port.ts";
import { claimPod, releaseAttempt } from "../../store/attempts.ts";
import { inTransaction } from "../../store/database.ts";
import { queueNow } from "../../store/jobs.ts";
import type { ReconcilerContext } from "../context.ts";
import { observeRow, readPod, type Member, type Observation } from "./observe.ts";

/**
 * Deletes the pods of these members. The units of a member are released as soon as its pod is seen
 * gone: the next plan is queued in that same transaction, before anything else is cleaned up.
 * @returns what is known afterwards: members that are released have `goneAt`, the others are
 * closing
 */
export async function closeMembers(
  context: ReconcilerContext,
  seen: Observation,
  members: readonly Member[],
): Promise<Observation> {
  const closed = await Promise.all(
    (seen.members ?? []).map(async (member) =>
      members.includes(member) ? closeMember(context, seen, member) : member,
    ),
  );
  return { ...observeRow(context, seen.row), members: closed };
}

async function closeMember(
  context: ReconcilerContext,
  seen: Observation,
  member: Member,
): Promise<Member> {
  const { attempt, pod } = member;
  if (!pod) return release(context, seen, member);
  if (attempt.podUid === undefined) {
    // Created, but its process ended before the UID was recorded.
    await claimPod(context.database, attempt.podName, pod.uid);
  }
  const claimed = { ...member, attempt: { ...attempt, podUid: pod.uid } };
  if (pod.deleting) return closing(claimed, pod);
  const outcome = await context.cluster.deletePod(pod.name, pod.uid);
  if (outcome === "gone") return release(context, seen, claimed);
  const remaining = await readPod(context, claimed.attempt);
  return remaining ? closing(claimed, remaining) : release(context, seen, claimed);
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
