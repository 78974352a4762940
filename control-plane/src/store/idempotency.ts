import type { UserId } from "@gpu-dev/shared/ids.ts";
import { firstRow, rows, type Transaction } from "./database.ts";

export interface StoredResponse {
  readonly requestHash: Buffer;
  readonly status: number;
  readonly response: unknown;
}

/**
 * Takes the key for this transaction. A second request with the same key waits here, on the primary
 * key's index, until the first one commits (then it finds the response) or rolls back (then it is
 * the first).
 * @returns undefined when the caller now has the key, otherwise the response that the first stored
 */
export async function takeKey(
  trx: Transaction,
  key: {
    readonly userId: UserId;
    readonly key: string;
    readonly requestHash: Buffer;
    readonly now: Date;
  },
): Promise<StoredResponse | undefined> {
  const taken = await firstRow(
    trx,
    `insert into idempotency_keys (user_id, key, request_hash, created_at)
     values (:userId, :key, :requestHash, :now)
     on conflict (user_id, key) do nothing
     returning key`,
    { ...key },
  );
  if (taken) return undefined;
  const stored = await firstRow<StoredResponse>(
    trx,
    `select request_hash as "requestHash", status, response from idempotency_keys
     where user_id = ? and key = ?`,
    [key.userId, key.key],
  );
  // Retention removed it between the two statements: a day has passed, so this is a new request.
  return stored ?? takeKey(trx, key);
}

export async function storeResponse(
  trx: Transaction,
  stored: {
    readonly userId: UserId;
    readonly key: string;
    readonly status: number;
    readonly response: unknown;
  },
): Promise<void> {
  await rows(
    trx,
    `update idempotency_keys set status = :status, response = :response
     where user_id = :userId and key = :key returning key`,
    { ...stored, response: JSON.stringify(stored.response ?? null) },
  );
}
