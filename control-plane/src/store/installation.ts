import { newId } from "../platform/newId.ts";
import { firstRow, type Queryable } from "./database.ts";

/** The id of this installation: made by whoever starts first, and never changed. */
export async function ensureInstallation(db: Queryable): Promise<string> {
  const row = await firstRow<{ id: string }>(
    db,
    `with made as (insert into installation (id) values (?) on conflict do nothing returning id)
     select id from made union all select id from installation limit 1`,
    [newId()],
  );
  if (row) return row.id;
  // Another process made it between the two halves of that statement.
  const made = await firstRow<{ id: string }>(db, "select id from installation");
  if (!made) throw new Error("the installation row did not come back from the database");
  return made.id;
}
