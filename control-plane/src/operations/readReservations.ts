import { LIVE, RESERVATION_STATES, TERMINAL } from "@gpu-dev/shared/states.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import type { Queryable } from "../store/database.ts";
import { listViews, type ReservationView } from "../store/reservationQueries.ts";
import { listReservationEvents, type EventRow } from "../store/timeline.ts";
import type { Principal, Viewer } from "../domain/principal.ts";
import { findReservationFor } from "./findReservation.ts";
import { decodeCursor, encodeCursor, type Page } from "./pageCursor.ts";

export type { EventRow };

const STATES = { live: LIVE, ended: TERMINAL, all: RESERVATION_STATES } as const;
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

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
    query.cursor === undefined ? [] : decodeCursor(query.cursor, [ISO_TIME, /^[0-9a-z]{16}$/]);
  const found = await listViews(db, {
    ownerId: principal.userId,
    states: STATES[query.state],
    name: query.name ?? null,
    before:
      createdAt === undefined || id === undefined ? null : { createdAt: new Date(createdAt), id },
    limit: query.limit + 1,
  });
  const items = found.slice(0, query.limit);
  const last = items.at(-1);
  const more = found.length > query.limit && last;
  return {
    items,
    nextCursor: more ? encodeCursor([last.createdAt.toISOString(), last.id]) : null,
  };
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
    query.cursor === undefined ? [] : decodeCursor(query.cursor, [/^\d{1,19}$/, /^\d{1,15}$/]);
  const found = await listReservationEvents(db, {
    reservationId: query.id,
    after: xid === undefined ? null : { xid, id: Number(id) },
    limit: query.limit + 1,
  });
  const items = found.slice(0, query.limit);
  const last = items.at(-1);
  const more = found.length > query.limit && last;
  return { items, nextCursor: more ? encodeCursor([last.xid, String(last.id)]) : null };
}
