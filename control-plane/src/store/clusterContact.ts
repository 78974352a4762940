import { rows, type Queryable } from "./database.ts";

/** The cluster answered at `at`. Never goes back. */
export async function recordContact(db: Queryable, at: Date): Promise<void> {
  await rows(
    db,
    `insert into cluster_contact (cluster, seen_at) values ('default', :at)
     on conflict (cluster) do update set seen_at = greatest(cluster_contact.seen_at, excluded.seen_at)`,
    { at },
  );
}
