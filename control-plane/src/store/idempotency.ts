import type { UserId } from "@gpu-dev/shared/ids.ts";
import { firstRow, rows, type Transaction } from "./database.ts";

export interface StoredAnswer {
  readonly requestHash: Buffer;
  readonly status: number;
  readonly response: unknown;
}

/**
 * Takes the key for this transaction. A second request with the same key waits here until the first one commits
 * (then it finds the answer) or rolls back (then it is the first): the primary key's index does the waiting.
 * @returns undefined when the key is ours now, else the answer that the first one stored
 */
export async function takeKey(
  trx: Transaction,
  key: {
    readonly userId: UserId;
    readonly key: string;
    readonly requestHash: Buffer;
    readonly now: Date;
  },
): Promise<StoredAnswer | undefined> {
  const taken = await firstRow(
    trx,
    `insert into idempotency_keys (user_id, key, request_hash, created_at)
     values (:userId, :key, :requestHash, :now)
     on conflict (user_id, key) do nothing
     returning key`,
    { ...key },
  );
  if (taken) return undefined;
  const stored = await firstRow<StoredAnswer>(
    trx,
    `select request_hash as "requestHash", status, response from idempotency_keys
     where user_id = ? and key = ?`,
    [key.userId, key.key],
  );
  // Pruned between the two statements: a day has passed, so it is a new request.
  return stored ?? takeKey(trx, key);
}

export async function storeAnswer(
  trx: Transaction,
  answer: {
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
    { ...answer, response: JSON.stringify(answer.response) },
  );
}
