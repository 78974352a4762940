import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import type { Queryable } from "../store/database.ts";
import { findView, reservationExists, type ReservationView } from "../store/reservationQueries.ts";
import type { Viewer } from "../domain/principal.ts";
import { Refusal } from "../domain/refusal.ts";

export type { ReservationView };

/** @throws Refusal not_found alike for what is not there and for what is somebody else's */
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
