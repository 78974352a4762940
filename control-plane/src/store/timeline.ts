import type { EventType } from "@gpu-dev/shared/api/events.ts";
import type { ReservationId, UserId } from "@gpu-dev/shared/ids.ts";
import { firstRow, rows, type Queryable } from "./database.ts";

/**
 * Serial ids commit out of order, so the place of an event is (transaction, id), and a reader goes only as far
 * as no older transaction can still add anything: below `pg_snapshot_xmin`.
 */
export interface EventCursor {
  /** A 64-bit transaction id: more than a number holds. */
  readonly xid: string;
  readonly id: number;
}

export interface EventRow extends EventCursor {
  readonly ownerId: UserId;
  readonly reservationId: ReservationId | null;
  readonly reservationName: string | null;
  readonly type: EventType;
  readonly at: Date;
  readonly message: string;
  readonly data: Record<string, unknown>;
}

const EVENT_COLUMNS = `
  e.xid::text as xid, e.id, e.owner_id as "ownerId", e.reservation_id as "reservationId",
  (select r.name from reservations r where r.id = e.reservation_id) as "reservationName",
  e.type, e.at, e.message, e.data`;

/** The next events after the cursor that can be told in their final order; of one owner, or of everybody. */
export async function readEventsAfter(
  db: Queryable,
  query: {
    readonly after: EventCursor;
    readonly ownerId: UserId | null;
    readonly limit: number;
  },
): Promise<EventRow[]> {
  return rows<EventRow>(
    db,
    `select ${EVENT_COLUMNS} from events e
     where (e.xid, e.id) > (cast(:xid as xid8), :id)
       and e.xid < pg_snapshot_xmin(pg_current_snapshot())
       and (cast(:ownerId as text) is null or e.owner_id = :ownerId)
     order by e.xid, e.id limit :limit`,
    { xid: query.after.xid, id: query.after.id, ownerId: query.ownerId, limit: query.limit },
  );
}

/** A cursor that everything committed from now on lies behind. */
export async function readNowCursor(db: Queryable): Promise<EventCursor> {
  const row = await firstRow<EventCursor>(
    db,
    "select pg_snapshot_xmin(pg_current_snapshot())::text as xid, 0::bigint as id",
  );
  if (!row) throw new Error("the database did not answer its snapshot");
  return row;
}

/**
 * Whether a stream may go on from this cursor: its event is still kept and younger than `keptSince`, so nothing
 * behind it was pruned. A cursor of another database (restored, or not ours) is not known either.
 */
export async function isCursorKept(
  db: Queryable,
  cursor: EventCursor,
  keptSince: Date,
): Promise<boolean> {
  const row = await firstRow<{ kept: boolean }>(
    db,
    `select case when :id = 0
       then cast(:xid as xid8) <= pg_snapshot_xmax(pg_current_snapshot())
         and cast(:xid as xid8) >= coalesce((select min(xid) from events), '0'::xid8)
       else exists (select 1 from events where xid = cast(:xid as xid8) and id = :id and at >= :keptSince)
     end as kept`,
    { xid: cursor.xid, id: cursor.id, keptSince },
  );
  return row?.kept ?? false;
}

/** The timeline of one reservation, oldest first. Unlike the stream it also shows what was committed just now. */
export async function listReservationEvents(
  db: Queryable,
  query: {
    readonly reservationId: ReservationId;
    readonly after: EventCursor | null;
    readonly limit: number;
  },
): Promise<EventRow[]> {
  return rows<EventRow>(
    db,
    `select ${EVENT_COLUMNS} from events e
     where e.reservation_id = :reservationId
       and (cast(:xid as xid8) is null or (e.xid, e.id) > (cast(:xid as xid8), :id))
     order by e.xid, e.id limit :limit`,
    {
      reservationId: query.reservationId,
      xid: query.after?.xid ?? null,
      id: query.after?.id ?? 0,
      limit: query.limit,
    },
  );
}
