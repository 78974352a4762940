import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { rows, type Queryable } from "./database.ts";

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
