import type { ReservationId, UserId } from "@gpu-dev/shared/ids.ts";
import { rows, type Queryable } from "./database.ts";

/** A reservation that is not over, with what a look at its pod would compare. */
export interface LiveRow {
  readonly id: ReservationId;
  readonly ownerId: UserId;
  /** It is not in use, or not undisturbed: whatever the cluster shows, it is to be looked at. */
  readonly due: boolean;
  readonly expiresAt: Date | null;
  readonly podName: string | null;
  readonly podUid: string | null;
  readonly restarts: number;
  readonly podIp: string | null;
  readonly workspacePath: string | null;
}

/** Everything that is not over. The last half hour of a lease has warnings and the end in it, and counts as due. */
export async function listLive(db: Queryable, now: Date): Promise<LiveRow[]> {
  return rows<LiveRow>(
    db,
    `select r.id, r.owner_id as "ownerId", r.expires_at as "expiresAt", a.pod_name as "podName", a.pod_uid as "podUid",
       coalesce(a.restarts, 0) as restarts, a.pod_ip as "podIp", a.workspace_path as "workspacePath",
       r.state <> 'ready' or r.cancel_requested_at is not null or n.ready is not true
         or r.expires_at < cast(:now as timestamptz) + interval '31 minutes' as due
     from reservations r
     left join attempts a on a.reservation_id = r.id and a.attempt = r.attempt and a.rank = 0
     left join capacity_nodes n on n.cluster = r.cluster and n.name = a.node
     where r.cluster = 'default' and r.state not in ('ended', 'failed')
     order by r.id`,
    { now },
  );
}
