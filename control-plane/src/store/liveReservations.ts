import type { ReservationId, UserId } from "@gpu-dev/shared/ids.ts";
import type { ReservationState } from "@gpu-dev/shared/states.ts";
import { rows, type Queryable } from "./database.ts";

/** A reservation that has not ended, with what the resync compares with its pods. */
export interface LiveReservation {
  readonly id: ReservationId;
  readonly ownerId: UserId;
  readonly state: ReservationState;
  /** It must be reconciled, whatever the cluster shows. */
  readonly due: boolean;
  readonly expiresAt: Date | null;
  /** Of the current attempt, by rank. */
  readonly members: readonly LiveMember[];
}

export interface LiveMember {
  readonly podName: string;
  readonly podUid: string | null;
  readonly restarts: number;
  readonly podIp: string | null;
  readonly workspacePath: string | null;
}

type LiveRow = Omit<LiveReservation, "members"> & LiveMember;

/**
 * Every reservation that has not ended. The last half hour of a lease contains its warnings and its end, and counts as
 * due. The planner moves queued ones with jobs of its own: due are those that leave the queue without it, or that still
 * have a pod of an earlier attempt.
 */
export async function listLive(
  db: Queryable,
  { now, queuedSince }: { readonly now: Date; readonly queuedSince: Date },
): Promise<LiveReservation[]> {
  const found = await rows<LiveRow | (LiveRow & { readonly podName: null })>(
    db,
    `select r.id, r.state, r.owner_id as "ownerId", r.expires_at as "expiresAt", a.pod_name as "podName",
       a.pod_uid as "podUid", coalesce(a.restarts, 0) as restarts, a.pod_ip as "podIp", a.workspace_path as "workspacePath",
       r.cancel_requested_at is not null or case r.state
         when 'queued' then r.queued_at < cast(:queuedSince as timestamptz)
           or (r.attempt > 0 and exists (select 1 from attempts o where o.reservation_id = r.id and o.gone_at is null))
         when 'ready' then n.ready is not true or r.expires_at < cast(:now as timestamptz) + interval '31 minutes'
         else true end as due
     from reservations r
     left join attempts a on a.reservation_id = r.id and a.attempt = r.attempt
     left join capacity_nodes n on n.cluster = r.cluster and n.name = a.node
     where r.cluster = 'default' and r.state not in ('ended', 'failed')
     order by r.id, a.rank`,
    { now, queuedSince },
  );
  return [...Map.groupBy(found, (row) => row.id).values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const { id, ownerId, state, expiresAt } = first;
    const members = group.filter((row): row is LiveRow => row.podName !== null).map(memberOf);
    return [{ id, ownerId, state, expiresAt, due: group.some((row) => row.due), members }];
  });
}

const memberOf = ({ podName, podUid, restarts, podIp, workspacePath }: LiveRow): LiveMember => ({
  podName,
  podUid,
  restarts,
  podIp,
  workspacePath,
});
