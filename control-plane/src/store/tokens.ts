import type { Role } from "@gpu-dev/shared/api/resources.ts";
import type { TokenId, UserId } from "@gpu-dev/shared/ids.ts";
import { firstRow, rows, type Queryable, type Transaction } from "./database.ts";

export interface TokenRow {
  readonly id: TokenId;
  readonly userId: UserId;
  readonly userName: string;
  readonly role: Role;
  readonly hash: Buffer;
  readonly expiresAt: Date;
  readonly revokedAt: Date | undefined;
}

/** @returns false if a token with this id exists: the sign-in was sent before */
export async function insertToken(
  trx: Transaction,
  token: {
    readonly id: TokenId;
    readonly userId: UserId;
    readonly hash: Buffer;
    readonly role: Role;
    readonly now: Date;
    readonly expiresAt: Date;
  },
): Promise<boolean> {
  const row = await firstRow(
    trx,
    `insert into api_tokens (id, user_id, token_hash, role, created_at, expires_at)
     values (:id, :userId, :hash, :role, :now, :expiresAt)
     on conflict (id) do nothing
     returning id`,
    { ...token },
  );
  return row !== undefined;
}

export async function findTokenByHash(db: Queryable, hash: Buffer): Promise<TokenRow | undefined> {
  return firstRow<TokenRow>(
    db,
    `select t.id, t.user_id as "userId", u.name as "userName", t.role, t.token_hash as hash,
       t.expires_at as "expiresAt", t.revoked_at as "revokedAt"
     from api_tokens t join users u on u.id = t.user_id
     where t.token_hash = ?`,
    [hash],
  );
}

export async function revokeToken(trx: Transaction, id: TokenId, now: Date): Promise<void> {
  await rows(
    trx,
    "update api_tokens set revoked_at = :now where id = :id and revoked_at is null returning id",
    { id, now },
  );
}

/** Returns those of the tokens that are revoked, expired or deleted. */
export async function listInvalidTokens(
  db: Queryable,
  ids: readonly TokenId[],
  now: Date,
): Promise<TokenId[]> {
  const invalid = await rows<{ id: TokenId }>(
    db,
    `select given.id from unnest(cast(:ids as text[])) as given (id)
     left join api_tokens t on t.id = given.id
     where t.id is null or t.revoked_at is not null or t.expires_at <= :now`,
    { ids: [...ids], now },
  );
  return invalid.map((row) => row.id);
}
