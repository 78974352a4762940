import type { ReservationId, UserId } from "@gpu-dev/shared/ids.ts";
import type { ReservationState } from "@gpu-dev/shared/states.ts";
import type { Reservation } from "../domain/reservation.ts";
import type { Viewer } from "../domain/principal.ts";
import { firstRow, rows, type Queryable } from "./database.ts";
import { RESERVATION_COLUMNS } from "./reservations.ts";

export interface MemberRow {
  readonly rank: number;
  readonly attempt: number;
  readonly node: string;
  readonly podName: string;
  readonly podIp: string | null;
  readonly workspacePath: string | null;
  readonly restarts: number;
  readonly gone: boolean;
}

/** A reservation with what is shown beside it. */
export interface ReservationView extends Reservation {
  readonly ownerName: string;
  /** Of the attempt that runs or ran last, by rank. */
  readonly members: readonly MemberRow[];
}

const VIEW_COLUMNS = `${RESERVATION_COLUMNS},
  (select u.name from users u where u.id = reservations.owner_id) as "ownerName",
  (select coalesce(json_agg(json_build_object('rank', a.rank, 'attempt', a.attempt, 'node', a.node,
       'podName', a.pod_name, 'podIp', a.pod_ip, 'workspacePath', a.workspace_path,
       'restarts', a.restarts, 'gone', a.gone_at is not null) order by a.rank), '[]')
     from attempts a
     where a.reservation_id = reservations.id and a.attempt = reservations.attempt) as members`;

/** Absent also when it is somebody else's and the viewer may not see it. */
export async function findView(
  db: Queryable,
  viewer: Viewer,
  id: ReservationId,
): Promise<ReservationView | undefined> {
  return firstRow<ReservationView>(
    db,
    `select ${VIEW_COLUMNS} from reservations
     where id = :id and (:everyone or owner_id = :userId)`,
    { ...viewer, id },
  );
}

/** For the audit only: tells a forbidden look from one at nothing. */
export async function reservationExists(db: Queryable, id: ReservationId): Promise<boolean> {
  return (await firstRow(db, "select 1 from reservations where id = ?", [id])) !== undefined;
}

/** Newest first, from just below the cursor. */
export async function listViews(
  db: Queryable,
  query: {
    readonly ownerId: UserId;
    readonly states: readonly ReservationState[];
    readonly name: string | null;
    readonly before: { readonly createdAt: Date; readonly id: string } | null;
    readonly limit: number;
  },
): Promise<ReservationView[]> {
  return rows<ReservationView>(
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
      beforeAt: query.before?.createdAt ?? null,
      beforeId: query.before?.id ?? null,
      limit: query.limit,
    },
  );
}

/** Names that the owner's live reservations have. */
export async function listLiveNames(db: Queryable, ownerId: UserId): Promise<string[]> {
  const live = await rows<{ name: string }>(
    db,
    "select name from reservations where owner_id = ? and state not in ('ended', 'failed')",
    [ownerId],
  );
  return live.map((row) => row.name);
}

/** The owner's reservations whose pods may have an authorized_keys file to renew. */
export async function listReachable(db: Queryable, ownerId: UserId): Promise<ReservationId[]> {
  const reachable = await rows<{ id: ReservationId }>(
    db,
    "select id from reservations where owner_id = ? and state in ('starting', 'ready')",
    [ownerId],
  );
  return reachable.map((row) => row.id);
}
