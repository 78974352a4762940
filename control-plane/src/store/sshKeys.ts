import type { KeyId, UserId } from "@gpu-dev/shared/ids.ts";
import type { SshKeyRow } from "../domain/views.ts";
import { firstRow, rows, type Queryable, type Transaction } from "./database.ts";

const COLUMNS = `id, public_key as "publicKey", fingerprint, comment, created_at as "createdAt"`;

export async function listKeys(db: Queryable, userId: UserId): Promise<SshKeyRow[]> {
  return rows<SshKeyRow>(
    db,
    `select ${COLUMNS} from ssh_keys where user_id = ? order by created_at, id`,
    [userId],
  );
}

/** Returns the public keys by owner, in the order of `listKeys`. */
export async function listKeysOf(
  db: Queryable,
  userIds: readonly UserId[],
): Promise<Map<UserId, Pick<SshKeyRow, "publicKey">[]>> {
  const found = await rows<{ userId: UserId; publicKey: string }>(
    db,
    `select user_id as "userId", public_key as "publicKey" from ssh_keys
     where user_id in (select jsonb_array_elements_text(?::jsonb)) order by created_at, id`,
    [JSON.stringify(userIds)],
  );
  return Map.groupBy(found, ({ userId }) => userId);
}

/** @returns undefined if the user already has this key */
export async function insertKey(
  trx: Transaction,
  key: Omit<SshKeyRow, "createdAt"> & { readonly userId: UserId; readonly now: Date },
): Promise<SshKeyRow | undefined> {
  return firstRow<SshKeyRow>(
    trx,
    `insert into ssh_keys (id, user_id, public_key, fingerprint, comment, created_at)
     values (:id, :userId, :publicKey, :fingerprint, :comment, :now)
     on conflict (user_id, fingerprint) do nothing
     returning ${COLUMNS}`,
    { ...key },
  );
}

/** @returns false unless the key exists and belongs to the user */
export async function deleteKey(trx: Transaction, userId: UserId, id: KeyId): Promise<boolean> {
  const deleted = await rows(
    trx,
    "delete from ssh_keys where id = ? and user_id = ? returning id",
    [id, userId],
  );
  return deleted.length > 0;
}

export async function keyExists(db: Queryable, id: KeyId): Promise<boolean> {
  return (await firstRow(db, "select 1 from ssh_keys where id = ?", [id])) !== undefined;
}
