import type { UserId } from "@gpu-dev/shared/ids.ts";
import { firstRow, type Transaction } from "./database.ts";

/** The user of this name, made at the first sign-in. */
export async function ensureUser(
  trx: Transaction,
  fresh: { readonly id: UserId; readonly name: string; readonly now: Date },
): Promise<UserId> {
  const row = await firstRow<{ id: UserId }>(
    trx,
    `insert into users (id, name, created_at) values (:id, :name, :now)
     on conflict (name) do update set name = excluded.name
     returning id`,
    { ...fresh },
  );
  if (!row) throw new Error("the user did not come back from the database");
  return row.id;
}

/**
 * Holds the user's row until the transaction ends: what one user creates is made one after the other, so that
 * limits are exact and a chosen name stays free. Foreign keys to the row are not held up.
 */
export async function lockUser(trx: Transaction, id: UserId): Promise<void> {
  await firstRow(trx, "select 1 from users where id = ? for no key update", [id]);
}
