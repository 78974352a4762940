import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import type { Attempt } from "../domain/reservation.ts";
import { firstRow, rows, type Queryable } from "./database.ts";

const ATTEMPT_COLUMNS = `
  reservation_id as "reservationId", rank, attempt, node, units, pod_name as "podName", pod_uid as "podUid",
  restarts, workspace_path as "workspacePath", pod_ip as "podIp", pull_failing_since as "pullFailingSince", created_at as "createdAt", gone_at as "goneAt"`;

/** Oldest first. An attempt without `goneAt` holds its units. */
export async function listAttempts(db: Queryable, id: ReservationId): Promise<Attempt[]> {
  return rows<Attempt>(
    db,
    `select ${ATTEMPT_COLUMNS} from attempts where reservation_id = ? order by attempt, rank`,
    [id],
  );
}

export async function insertAttempt(
  db: Queryable,
  attempt: Pick<Attempt, "reservationId" | "rank" | "attempt" | "node" | "units" | "podName"> & {
    readonly now: Date;
  },
): Promise<void> {
  await rows(
    db,
    `insert into attempts (reservation_id, rank, attempt, node, units, pod_name, created_at)
     values (:reservationId, :rank, :attempt, :node, :units, :podName, :now)`,
    { ...attempt },
  );
}

/** @returns false when the attempt has ended: the caller must delete this pod */
export async function recordPodUid(
  db: Queryable,
  podName: string,
  podUid: string,
): Promise<boolean> {
  const row = await firstRow(
    db,
    `update attempts set pod_uid = :podUid
     where pod_name = :podName and gone_at is null and (pod_uid is null or pod_uid = :podUid) returning rank`,
    { podName, podUid },
  );
  return row !== undefined;
}

/**
 * Stores what a read of the pod showed. Restarts never decrease, so a write that arrives late
 * cannot lower them.
 */
export async function recordPod(
  db: Queryable,
  observation: Pick<Attempt, "podName" | "restarts" | "workspacePath" | "podIp">,
): Promise<boolean> {
  const row = await firstRow(
    db,
    `update attempts set restarts = greatest(restarts, :restarts), workspace_path = :workspacePath, pod_ip = :podIp
     where pod_name = :podName and gone_at is null
       and (restarts < :restarts or workspace_path is distinct from :workspacePath or pod_ip is distinct from :podIp)
     returning rank`,
    { ...observation },
  );
  return row !== undefined;
}

/** @param since when the image pull of this attempt began to fail; undefined once it does not */
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
 * Releases its units. Call it only after a successful read showed that its pod is gone or was never
 * created.
 */
export async function releaseAttempt(db: Queryable, podName: string, now: Date): Promise<boolean> {
  const row = await firstRow(
    db,
    "update attempts set gone_at = :now where pod_name = :podName and gone_at is null returning rank",
    { podName, now },
  );
  return row !== undefined;
}

/** Pods that hold units, or released them no earlier than `since`. */
export async function listHoldingPods(db: Queryable, since: Date): Promise<string[]> {
  const found = await rows<{ podName: string }>(
    db,
    `select pod_name as "podName" from attempts where gone_at is null
     union all
     select pod_name from attempts where gone_at >= ?`,
    [since],
  );
  return found.map((row) => row.podName);
}
