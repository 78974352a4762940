import type { ReservationId, UserId } from "@gpu-dev/shared/ids.ts";
import type { ReservationState } from "@gpu-dev/shared/states.ts";
import type { Viewer } from "../domain/principal.ts";
import type { MemberView, ReservationView } from "../domain/views.ts";
import { CLUSTER, firstRow, fromSql, rows, type Queryable, type SqlObject } from "./database.ts";
import { RESERVATION_COLUMNS } from "./reservations.ts";

const VIEW_COLUMNS = `${RESERVATION_COLUMNS},
  (select u.name from users u where u.id = reservations.owner_id) as "ownerName",
  (select coalesce(json_agg(json_build_object('rank', a.rank, 'attempt', a.attempt, 'node', a.node,
       'podName', a.pod_name, 'podIp', a.pod_ip, 'workspacePath', a.workspace_path,
       'restarts', a.restarts, 'gone', a.gone_at is not null) order by a.rank), '[]')
     from attempts a
     where a.reservation_id = reservations.id and a.attempt = reservations.attempt) as members`;

type ViewRow = Omit<ReservationView, "members"> & {
  readonly members: readonly SqlObject<MemberView>[];
};

/** @returns undefined also for a reservation that the viewer may not see */
export async function findView(
  db: Queryable,
  viewer: Viewer,
  id: ReservationId,
): Promise<ReservationView | undefined> {
  const row = await firstRow<ViewRow>(
    db,
    `select ${VIEW_COLUMNS} from reservations
     where id = :id and (:everyone or owner_id = :userId)`,
    { ...viewer, id },
  );
  return row && viewOf(row);
}

/** For the audit only: distinguishes a forbidden reservation from one that does not exist. */
export async function reservationExists(db: Queryable, id: ReservationId): Promise<boolean> {
  return (await firstRow(db, "select 1 from reservations where id = ?", [id])) !== undefined;
}

/** Newest first, from just below the cursor. */
export async function listViews(
  db: Queryable,
  query: {
    readonly ownerId: UserId;
    readonly states: readonly ReservationState[];
    readonly name: string | undefined;
    readonly before: { readonly createdAt: Date; readonly id: string } | undefined;
    readonly limit: number;
  },
): Promise<ReservationView[]> {
  const found = await rows<ViewRow>(
    db,
    `select ${VIEW_COLUMNS} from reservations
     where owner_id = :ownerId and state = any(:states)
       and (cast(:name as text) is null or name = :name)
       and (cast(:beforeAt as timestamptz) is null or (created_at, id) < (:beforeAt, :beforeId))
     order by created_at desc, id desc limit :limit`,
    {
      ownerId: query.ownerId,
      states: [...query.states],
      name: query.name,
      beforeAt: query.before?.createdAt,
      beforeId: query.before?.id,
      limit: query.limit,
    },
  );
  return found.map(viewOf);
}

const viewOf = ({ members, ...row }: ViewRow): ReservationView => ({
  ...row,
  members: members.map((member) => fromSql<MemberView>(member)),
});

/** The names of the owner's live reservations. */
export async function listLiveNames(db: Queryable, ownerId: UserId): Promise<string[]> {
  const live = await rows<{ name: string }>(
    db,
    "select name from reservations where owner_id = ? and state not in ('ended', 'failed')",
    [ownerId],
  );
  return live.map((row) => row.name);
}

/** The owner's reservations whose pods may have an authorized_keys file to update. */
export async function listReachable(db: Queryable, ownerId: UserId): Promise<ReservationId[]> {
  const reachable = await rows<{ id: ReservationId }>(
    db,
    "select id from reservations where owner_id = ? and state in ('starting', 'ready')",
    [ownerId],
  );
  return reachable.map((row) => row.id);
}

export async function countLiveByState(db: Queryable): Promise<Map<ReservationState, number>> {
  const counts = await rows<{ state: ReservationState; count: number }>(
    db,
    `select state, count(*)::integer as count from reservations
     where state not in ('ended', 'failed') group by state`,
  );
  return new Map(counts.map((row) => [row.state, row.count]));
}

/** A live reservation, with the fields that the resync compares with its pods. */
export interface LiveReservation {
  readonly id: ReservationId;
  readonly ownerId: UserId;
  readonly state: ReservationState;
  /** It must be reconciled, even if its pods match. */
  readonly due: boolean;
  readonly expiresAt: Date | undefined;
  /** Of the current attempt, by rank. */
  readonly members: readonly LiveMember[];
}

export interface LiveMember {
  readonly podName: string;
  readonly podUid: string | undefined;
  readonly restarts: number;
  readonly podIp: string | undefined;
  readonly workspacePath: string | undefined;
}

/** One row per member; a reservation without a member has one row without a pod name. */
type LiveRow = Omit<LiveReservation, "members"> &
  Omit<LiveMember, "podName"> & { readonly podName: string | undefined };

/**
 * Every reservation that has not ended. A ready one is due in the last half hour of its lease,
 * which has its warnings and its end. The plan reconciler places queued ones, so of these only
 * those are due that leave the queue otherwise or still have a pod of an earlier attempt.
 */
export async function listLive(
  db: Queryable,
  { now, queuedSince }: { readonly now: Date; readonly queuedSince: Date },
): Promise<LiveReservation[]> {
  const found = await rows<LiveRow>(
    db,
    `select r.id, r.state, r.owner_id as "ownerId", r.expires_at as "expiresAt", a.pod_name as "podName",
       a.pod_uid as "podUid", coalesce(a.restarts, 0) as restarts, a.pod_ip as "podIp", a.workspace_path as "workspacePath",
       r.cancel_requested_at is not null or case r.state
         when 'queued' then r.queued_at < cast(:queuedSince as timestamptz)
           or (r.attempt > 0 and exists (select 1 from attempts o where o.reservation_id = r.id and o.gone_at is null))
         when 'ready' then n.ready is not true or r.expires_at < cast(:now as timestamptz) + interval '31 minutes'
         else true end as due
     from reservations r
     left join lateral (
       select * from attempts where reservation_id = r.id and attempt = r.attempt offset 0) a on true
     left join capacity_nodes n on n.cluster = r.cluster and n.name = a.node
     where r.cluster = :cluster and r.state not in ('ended', 'failed')
     order by r.id, a.rank`,
    { now, queuedSince, cluster: CLUSTER },
  );
  return [...Map.groupBy(found, (row) => row.id).values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const { id, ownerId, state, expiresAt } = first;
    const members = group.flatMap(memberOf);
    return [{ id, ownerId, state, expiresAt, due: group.some((row) => row.due), members }];
  });
}

function memberOf({ podName, podUid, restarts, podIp, workspacePath }: LiveRow): LiveMember[] {
  return podName === undefined ? [] : [{ podName, podUid, restarts, podIp, workspacePath }];
}
