import { createHash } from "node:crypto";
import type { UserId } from "@gpu-dev/shared/ids.ts";
import { insertAudit } from "../store/audit.ts";
import {
  inTransaction,
  pipelined,
  type Database,
  type Queryable,
  type Transaction,
} from "../store/database.ts";
import { storeResponse, takeKey } from "../store/idempotency.ts";
import type { Clock } from "../platform/clock.ts";
import type { Principal } from "../domain/principal.ts";
import { Refusal } from "../domain/refusal.ts";

// `http` holds the database and passes it on, but does not import the store.
export type { Database, Queryable, Transaction };

export interface Outcome {
  readonly status: number;
  readonly body: unknown;
  /** Whom the audit row names; undefined for an anonymous caller. */
  readonly auditedUser?: UserId | undefined;
}

export interface MutationRequest {
  readonly action: string;
  /** The id in the path; undefined when the path has none. */
  readonly target: string | undefined;
  readonly principal: Principal | undefined;
  readonly requestId: string;
  readonly idempotency: { readonly key: string; readonly fingerprint: unknown } | undefined;
}

/**
 * Runs a mutation in one transaction with its audit row and its idempotency key: all are stored or
 * none is. A concurrent request with the same key waits for the first and gets the same response.
 * Refusals are not stored, so the same request is checked again.
 */
export async function runMutation(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  request: MutationRequest,
  work: (trx: Transaction) => Promise<Outcome>,
): Promise<Outcome> {
  return inTransaction(database, async (trx) => {
    const { principal, idempotency } = request;
    if (principal && idempotency) {
      const requestHash = createHash("sha256")
        .update(JSON.stringify([request.action, request.target, idempotency.fingerprint]))
        .digest();
      const key = { userId: principal.userId, key: idempotency.key };
      const stored = await takeKey(trx, { ...key, requestHash, now: clock.now() });
      if (stored) return replay(stored, requestHash);
      const outcome = await work(trx);
      await pipelined(trx, [
        storeResponse(trx, { ...key, status: outcome.status, response: outcome.body }),
        auditAllowed(trx, clock, request, outcome),
      ]);
      return outcome;
    }
    const outcome = await work(trx);
    await auditAllowed(trx, clock, request, outcome);
    return outcome;
  });
}

function replay(
  stored: { readonly requestHash: Buffer; readonly status: number; readonly response: unknown },
  requestHash: Buffer,
): Outcome {
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
  { action, target, requestId }: MutationRequest,
  { auditedUser }: Outcome,
): Promise<void> {
  await insertAudit(trx, {
    at: clock.now(),
    userId: auditedUser,
    action,
    target,
    outcome: "allowed",
    requestId,
  });
}
