import type { ReservationId, UserId } from "@gpu-dev/shared/ids.ts";
import type { ReservationState } from "@gpu-dev/shared/states.ts";
import { rows, type Queryable } from "./database.ts";

/** A reservation that is not over, with what a look at its pod would compare. */
export interface LiveRow {
  readonly id: ReservationId;
  readonly ownerId: UserId;
  readonly state: ReservationState;
  /** Whatever the cluster shows, it is to be looked at. */
  readonly due: boolean;
  readonly expiresAt: Date | null;
  readonly podName: string | null;
  readonly podUid: string | null;
  readonly restarts: number;
  readonly podIp: string | null;
  readonly workspacePath: string | null;
}

/**
 * Everything that is not over. The last half hour of a lease has warnings and the end in it, and counts as due. Who waits is
 * the plan's to move, which has a turn of its own: due is what leaves the queue by itself, or still has an earlier pod.
 */
export async function listLive(
  db: Queryable,
  { now, queuedSince }: { readonly now: Date; readonly queuedSince: Date },
): Promise<LiveRow[]> {
  return rows<LiveRow>(
    db,
    `select r.id, r.state, r.owner_id as "ownerId", r.expires_at as "expiresAt", a.pod_name as "podName",
       a.pod_uid as "podUid", coalesce(a.restarts, 0) as restarts, a.pod_ip as "podIp", a.workspace_path as "workspacePath",
       r.cancel_requested_at is not null or case r.state
         when 'queued' then r.queued_at < cast(:queuedSince as timestamptz)
           or (r.attempt > 0 and exists (select 1 from attempts o where o.reservation_id = r.id and o.gone_at is null))
         when 'ready' then n.ready is not true or r.expires_at < cast(:now as timestamptz) + interval '31 minutes'
         else true end as due
     from reservations r
     left join attempts a on a.reservation_id = r.id and a.attempt = r.attempt and a.rank = 0
     left join capacity_nodes n on n.cluster = r.cluster and n.name = a.node
     where r.cluster = 'default' and r.state not in ('ended', 'failed')
     order by r.id`,
    { now, queuedSince },
  );
}
