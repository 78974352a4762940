import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import type { Attempt } from "../domain/reservation.ts";
import { firstRow, rows, type Queryable } from "./database.ts";

const ATTEMPT_COLUMNS = `
  reservation_id as "reservationId", rank, attempt, node, units, pod_name as "podName", pod_uid as "podUid",
  restarts, workspace_path as "workspacePath", pod_ip as "podIp", pull_failing_since as "pullFailingSince", created_at as "createdAt", gone_at as "goneAt"`;

/** Oldest first; those of a live start have no `goneAt`. */
export async function listAttempts(db: Queryable, id: ReservationId): Promise<Attempt[]> {
  return rows<Attempt>(
    db,
    `select ${ATTEMPT_COLUMNS} from attempts where reservation_id = ? order by attempt, rank`,
    [id],
  );
}

export async function insertAttempt(
  db: Queryable,
  fresh: Pick<Attempt, "reservationId" | "rank" | "attempt" | "node" | "units" | "podName"> & {
    readonly now: Date;
  },
): Promise<void> {
  await rows(
    db,
    `insert into attempts (reservation_id, rank, attempt, node, units, pod_name, created_at)
     values (:reservationId, :rank, :attempt, :node, :units, :podName, :now)`,
    { ...fresh },
  );
}

/** Names the pod that this attempt is. False when the attempt is over: that pod must go again. */
export async function claimPod(db: Queryable, podName: string, podUid: string): Promise<boolean> {
  const row = await firstRow(
    db,
    `update attempts set pod_uid = :podUid
     where pod_name = :podName and gone_at is null and (pod_uid is null or pod_uid = :podUid) returning rank`,
    { podName, podUid },
  );
  return row !== undefined;
}

/** What was last seen of the pod. Restarts only ever grow, so a late reader takes nothing back. */
export async function observeAttempt(
  db: Queryable,
  seen: Pick<Attempt, "podName" | "restarts" | "workspacePath" | "podIp">,
): Promise<boolean> {
  const row = await firstRow(
    db,
    `update attempts set restarts = greatest(restarts, :restarts), workspace_path = :workspacePath, pod_ip = :podIp
     where pod_name = :podName and gone_at is null
       and (restarts < :restarts or workspace_path is distinct from :workspacePath or pod_ip is distinct from :podIp)
     returning rank`,
    { ...seen },
  );
  return row !== undefined;
}

/** Since when the image pull of this attempt fails; undefined once it no longer does. */
export async function recordPullFailure(
  db: Queryable,
  podName: string,
  since: Date | undefined,
): Promise<void> {
  await rows(
    db,
    "update attempts set pull_failing_since = ? where pod_name = ? and gone_at is null",
    [since, podName],
  );
}

/**
 * Gives its units back. Only after a successful read showed that very pod gone, or that none was
 * made.
 */
export async function releaseAttempt(db: Queryable, podName: string, now: Date): Promise<boolean> {
  const row = await firstRow(
    db,
    "update attempts set gone_at = :now where pod_name = :podName and gone_at is null returning rank",
    { podName, now },
  );
  return row !== undefined;
}

/** Pods that hold units, or gave them back no earlier than `since`. */
export async function listHoldingPods(db: Queryable, since: Date): Promise<string[]> {
  const found = await rows<{ podName: string }>(
    db,
    `select pod_name as "podName" from attempts where gone_at is null or gone_at >= ?`,
    [since],
  );
  return found.map((row) => row.podName);
}
