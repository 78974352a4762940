import type { ReservationState } from "@gpu-dev/shared/states.ts";
import { firstRow, rows, type Queryable } from "./database.ts";

export async function countLiveByState(db: Queryable): Promise<Map<ReservationState, number>> {
  const counts = await rows<{ state: ReservationState; count: number }>(
    db,
    `select state, count(*)::integer as count from reservations
     where state not in ('ended', 'failed') group by state`,
  );
  return new Map(counts.map((row) => [row.state, row.count]));
}

/** When the cluster last answered; undefined when it never did. */
export async function readClusterContact(db: Queryable): Promise<Date | undefined> {
  const row = await firstRow<{ seenAt: Date | null }>(
    db,
    `select max(seen_at) as "seenAt" from cluster_contact`,
  );
  return row?.seenAt ?? undefined;
}

/** One cheap round trip: whether the database answers at all. */
export async function pingDatabase(db: Queryable): Promise<void> {
  await firstRow(db, "select 1");
}
