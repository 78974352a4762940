import type { EventType } from "@gpu-dev/shared/api/events.ts";
import type { ReservationId, UserId } from "@gpu-dev/shared/ids.ts";
import type { EventCursor } from "../domain/cursors.ts";
import type { EventRow } from "../domain/views.ts";
import { firstRow, rows, type Queryable } from "./database.ts";

export interface NewEvent {
  readonly type: EventType;
  /** User-facing: full sentences. */
  readonly message: string;
  readonly data?: Record<string, unknown>;
}

/** Appends to the timeline, in the transaction of the change that the event records. */
export async function appendEvent(
  db: Queryable,
  subject: { readonly ownerId: UserId; readonly reservationId: ReservationId | undefined },
  at: Date,
  { type, message, data = {} }: NewEvent,
): Promise<void> {
  await rows(
    db,
    "insert into events (owner_id, reservation_id, type, at, message, data) values (?, ?, ?, ?, ?, ?)",
    [subject.ownerId, subject.reservationId, type, at, message, JSON.stringify(data)],
  );
}

const EVENT_COLUMNS = `
  e.xid::text as xid, e.id, e.owner_id as "ownerId", e.reservation_id as "reservationId",
  (select r.name from reservations r where r.id = e.reservation_id) as "reservationName",
  e.type, e.at, e.message, e.data`;

/**
 * The next events after the cursor whose order is final; of one owner, or of all. Each has its own
 * statement: with one for both, PostgreSQL reads everyone's events to find those of one owner.
 */
export async function readEventsAfter(
  db: Queryable,
  {
    after,
    ownerId,
    limit,
  }: {
    readonly after: EventCursor;
    readonly ownerId: UserId | undefined;
    readonly limit: number;
  },
): Promise<EventRow[]> {
  const next = `(e.xid, e.id) > (cast(:xid as xid8), cast(:id as bigint))
       and e.xid < pg_snapshot_xmin(pg_current_snapshot())
     order by e.xid, e.id limit :limit`;
  return ownerId === undefined
    ? rows<EventRow>(db, `select ${EVENT_COLUMNS} from events e where ${next}`, { ...after, limit })
    : rows<EventRow>(
        db,
        `select ${EVENT_COLUMNS} from events e where e.owner_id = :ownerId and ${next}`,
        { ...after, ownerId, limit },
      );
}

/** A cursor that is before everything that commits from now on. */
export async function readNowCursor(db: Queryable): Promise<EventCursor> {
  const row = await firstRow<EventCursor>(
    db,
    "select pg_snapshot_xmin(pg_current_snapshot())::text as xid, 0::bigint as id",
  );
  if (!row) throw new Error("select returned no row");
  return row;
}

/**
 * Whether a stream may resume from this cursor: its event is still stored and younger than
 * `keptSince`, so nothing after it was pruned. A cursor of another database (a restored one, for
 * example) is not known either.
 */
export async function isCursorKept(
  db: Queryable,
  cursor: EventCursor,
  keptSince: Date,
): Promise<boolean> {
  const row = await firstRow<{ kept: boolean }>(
    db,
    `select case when cast(:id as bigint) = 0
       then cast(:xid as xid8) <= pg_snapshot_xmax(pg_current_snapshot())
         and cast(:xid as xid8) >= coalesce((select min(xid) from events), '0'::xid8)
       else exists (select 1 from events where xid = cast(:xid as xid8) and id = cast(:id as bigint) and at >= :keptSince)
     end as kept`,
    { xid: cursor.xid, id: cursor.id, keptSince },
  );
  return row?.kept ?? false;
}

/**
 * The timeline of one reservation, oldest first. Unlike the stream it also has events just
 * committed.
 */
export async function listReservationEvents(
  db: Queryable,
  query: {
    readonly reservationId: ReservationId;
    readonly after: EventCursor | undefined;
    readonly limit: number;
  },
): Promise<EventRow[]> {
  return rows<EventRow>(
    db,
    `select ${EVENT_COLUMNS} from events e
     where e.reservation_id = :reservationId
       and (cast(:xid as xid8) is null or (e.xid, e.id) > (cast(:xid as xid8), cast(:id as bigint)))
     order by e.xid, e.id limit :limit`,
    {
      reservationId: query.reservationId,
      xid: query.after?.xid,
      id: query.after?.id ?? 0,
      limit: query.limit,
    },
  );
}

/** Container restarts reported since `since`, by rank of the member. */
export async function countRestarts(
  db: Queryable,
  id: ReservationId,
  since: Date,
): Promise<ReadonlyMap<number, number>> {
  const counted = await rows<{ rank: number; restarts: number }>(
    db,
    `select coalesce((data->>'rank')::integer, 0) as rank, sum((data->>'count')::integer) as restarts
     from events where reservation_id = ? and type = 'reservation.restarted' and at > ? group by 1`,
    [id, since],
  );
  return new Map(counted.map((row) => [row.rank, row.restarts]));
}
