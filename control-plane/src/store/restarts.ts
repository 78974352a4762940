import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { firstRow, type Queryable } from "./database.ts";

/** Restarts of its container that were told since `since`. */
export async function countRestarts(
  db: Queryable,
  id: ReservationId,
  since: Date,
): Promise<number> {
  const row = await firstRow<{ restarts: number }>(
    db,
    `select coalesce(sum((data->>'count')::integer), 0) as restarts from events
     where reservation_id = ? and type = 'reservation.restarted' and at > ?`,
    [id, since],
  );
  return row?.restarts ?? 0;
}
