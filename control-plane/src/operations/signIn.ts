import type { z } from "zod";
import type { createToken } from "@gpu-dev/shared/api/resources.ts";
import { Hour } from "@gpu-dev/shared/durations.ts";
import type { TokenId, UserId } from "@gpu-dev/shared/ids.ts";
import { refuseProof } from "../auth/development.ts";
import { hashToken, newToken } from "../auth/token.ts";
import type { Transaction } from "../store/database.ts";
import { insertToken, revokeToken } from "../store/tokens.ts";
import { ensureUser } from "../store/users.ts";
import { idOf, newId } from "../platform/newId.ts";
import type { Principal } from "../domain/principal.ts";
import { Refusal } from "../domain/refusal.ts";

const TOKEN_HOURS = 12;

export interface SignedIn {
  readonly token: string;
  readonly principal: Principal;
}

/**
 * Development sign-in. A proof is good once: the token's id is derived from it, so the primary key refuses a
 * replay, in every process and after a restart.
 */
export async function signIn(
  trx: Transaction,
  expected: {
    readonly secret: string;
    readonly server: string;
    readonly now: Date;
  },
  request: z.output<typeof createToken>,
): Promise<SignedIn> {
  const { now } = expected;
  const refused = refuseProof(request, expected);
  if (refused !== undefined) throw new Refusal("invalid_credentials", refused);
  const userId = await ensureUser(trx, { id: newId<UserId>(), name: request.user, now });
  const token = newToken();
  const tokenId = idOf<TokenId>(request.proof);
  const expiresAt = new Date(now.getTime() + TOKEN_HOURS * Hour.ms);
  const fresh = await insertToken(trx, {
    id: tokenId,
    userId,
    hash: hashToken(token),
    role: request.role,
    label: request.label,
    now,
    expiresAt,
  });
  if (!fresh) {
    throw new Refusal(
      "invalid_credentials",
      "This sign-in was used before; a proof is good once. Sign in again.",
    );
  }
  const principal = {
    userId,
    name: request.user,
    role: request.role,
    tokenId,
    tokenExpiresAt: expiresAt,
  };
  return { token, principal };
}

/** Signs out: the token of this request is good no longer. */
export async function signOut(trx: Transaction, principal: Principal, now: Date): Promise<void> {
  await revokeToken(trx, principal.tokenId, now);
}
