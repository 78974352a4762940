import { LIVE, RESERVATION_STATES, TERMINAL } from "@gpu-dev/shared/states.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import type { Queryable } from "../store/database.ts";
import { listReservationEvents } from "../store/events.ts";
import { findView, listViews, reservationExists } from "../store/reservationQueries.ts";
import { CURSOR_PARTS, decodeCursor, pageOf, type Page } from "../domain/cursors.ts";
import type { Principal, Viewer } from "../domain/principal.ts";
import { Refusal } from "../domain/refusal.ts";
import type { EventRow, ReservationView } from "../domain/views.ts";

/** @throws Refusal not_found, both for an unknown id and for another user's reservation */
export async function findReservationFor(
  db: Queryable,
  viewer: Viewer,
  id: ReservationId,
): Promise<ReservationView> {
  const view = await findView(db, viewer, id);
  if (view) return view;
  throw new Refusal(
    "not_found",
    "You have no reservation of this id. List yours to see their names and ids.",
    { audited: await reservationExists(db, id) },
  );
}

const STATES = { live: LIVE, ended: TERMINAL, all: RESERVATION_STATES } as const;

export async function listReservations(
  db: Queryable,
  principal: Principal,
  query: {
    readonly state: keyof typeof STATES;
    readonly name: string | undefined;
    readonly cursor: string | undefined;
    readonly limit: number;
  },
): Promise<Page<ReservationView>> {
  const [createdAt, id] =
    query.cursor === undefined
      ? []
      : decodeCursor(query.cursor, [CURSOR_PARTS.instant, CURSOR_PARTS.entityId]);
  const found = await listViews(db, {
    ownerId: principal.userId,
    states: STATES[query.state],
    name: query.name,
    before:
      createdAt === undefined || id === undefined
        ? undefined
        : { createdAt: new Date(createdAt), id },
    limit: query.limit + 1,
  });
  return pageOf(found, query.limit, (last) => [last.createdAt.toISOString(), last.id]);
}

/** The timeline, oldest first. */
export async function listEvents(
  db: Queryable,
  viewer: Viewer,
  query: {
    readonly id: ReservationId;
    readonly cursor: string | undefined;
    readonly limit: number;
  },
): Promise<Page<EventRow>> {
  await findReservationFor(db, viewer, query.id);
  const [xid, id] =
    query.cursor === undefined
      ? []
      : decodeCursor(query.cursor, [CURSOR_PARTS.transactionId, CURSOR_PARTS.rowId]);
  const found = await listReservationEvents(db, {
    reservationId: query.id,
    after: xid === undefined ? undefined : { xid, id: Number(id) },
    limit: query.limit + 1,
  });
  return pageOf(found, query.limit, (last) => [last.xid, String(last.id)]);
}
