import { createHash } from "node:crypto";
import { insertAudit } from "../store/audit.ts";
import {
  inTransaction,
  type Database,
  type Queryable,
  type Transaction,
} from "../store/database.ts";
import { storeAnswer, takeKey } from "../store/idempotency.ts";
import type { Clock } from "../platform/clock.ts";
import type { Principal } from "../domain/principal.ts";
import { Refusal } from "../domain/refusal.ts";

export type { Database, Queryable, Transaction };

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface MutationRequest {
  readonly action: string;
  /** What the path names; null when the mutation names nothing yet. */
  readonly target: string | null;
  readonly principal: Principal | null;
  readonly requestId: string;
  readonly idempotency: { readonly key: string; readonly fingerprint: unknown } | null;
}

/**
 * Runs a mutation in one transaction together with its audit row and its idempotency key: either all of them are
 * there afterwards, or none. The same key in flight waits for the first and gets the same answer; refusals are
 * not stored, so they are judged anew.
 */
export async function runMutation(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  request: MutationRequest,
  work: (trx: Transaction) => Promise<Answer>,
): Promise<Answer> {
  return inTransaction(database, async (trx) => {
    const { principal, idempotency } = request;
    if (principal && idempotency) {
      const requestHash = createHash("sha256")
        .update(JSON.stringify([request.action, request.target, idempotency.fingerprint]))
        .digest();
      const mine = { userId: principal.userId, key: idempotency.key };
      const stored = await takeKey(trx, { ...mine, requestHash, now: clock.now() });
      if (stored) return replay(stored, requestHash);
      const answer = await work(trx);
      await Promise.all([
        storeAnswer(trx, { ...mine, status: answer.status, response: answer.body }),
        auditAllowed(trx, clock, request),
      ]);
      return answer;
    }
    const answer = await work(trx);
    await auditAllowed(trx, clock, request);
    return answer;
  });
}

function replay(
  stored: { readonly requestHash: Buffer; readonly status: number; readonly response: unknown },
  requestHash: Buffer,
): Answer {
  if (!stored.requestHash.equals(requestHash)) {
    throw new Refusal(
      "idempotency_key_reused",
      "This Idempotency-Key was sent before with another request. Use a new key for a new request.",
    );
  }
  return { status: stored.status, body: stored.response };
}

async function auditAllowed(
  trx: Transaction,
  clock: Clock,
  { principal, action, target, requestId }: MutationRequest,
): Promise<void> {
  await insertAudit(trx, {
    at: clock.now(),
    userId: principal?.userId ?? null,
    action,
    target,
    outcome: "allowed",
    requestId,
  });
}
