import { addMs, Hour } from "@gpu-dev/shared/durations.ts";
import type { TokenId, UserId } from "@gpu-dev/shared/ids.ts";
import { hashToken, newToken } from "../auth/token.ts";
import type { Principal } from "../domain/principal.ts";
import { Refusal } from "../domain/refusal.ts";
import type {
  SignInFacts,
  SignInMethod,
  SignInRequest,
  VerifiedIdentity,
} from "../domain/signInMethod.ts";
import { idOf, newId } from "../platform/newId.ts";
import type { Transaction } from "../store/database.ts";
import { insertToken, revokeToken } from "../store/tokens.ts";
import { findOrCreateUser } from "../store/users.ts";

const TOKEN_HOURS = 12;

export interface SignedIn {
  readonly token: string;
  readonly principal: Principal;
}

/**
 * Verifies a sign-in request with the method that it names. A method may call an external service,
 * so this runs before the transaction.
 */
export async function verifySignIn(
  methods: readonly SignInMethod[],
  request: SignInRequest,
  facts: SignInFacts,
): Promise<VerifiedIdentity> {
  const requested: string = request.kind;
  const method = methods.find(({ kind }) => kind === requested);
  if (!method) throw new Refusal("invalid_credentials", notOffered(requested, methods));
  return method.verify(request, facts);
}

/**
 * Issues a token to a verified identity. A proof is accepted once: the token's id is derived from
 * it, so the primary key refuses a replay in every process and after a restart.
 */
export async function signIn(
  trx: Transaction,
  { provider, subject, name, role, proof }: VerifiedIdentity,
  now: Date,
): Promise<SignedIn> {
  const user = await findOrCreateUser(trx, { provider, subject, name, id: newId<UserId>(), now });
  const token = newToken();
  const tokenId = idOf<TokenId>(proof);
  const expiresAt = addMs(now, TOKEN_HOURS * Hour.ms);
  const inserted = await insertToken(trx, {
    id: tokenId,
    userId: user.id,
    hash: hashToken(token),
    role,
    now,
    expiresAt,
  });
  if (!inserted) {
    throw new Refusal(
      "invalid_credentials",
      "This sign-in was used before; a proof is accepted once. Sign in again.",
    );
  }
  return {
    token,
    principal: { userId: user.id, name: user.name, role, tokenId, tokenExpiresAt: expiresAt },
  };
}

/** Signs out: revokes the token of this request. */
export async function signOut(trx: Transaction, principal: Principal, now: Date): Promise<void> {
  await revokeToken(trx, principal.tokenId, now);
}

function notOffered(kind: string, methods: readonly SignInMethod[]): string {
  if (methods.length === 0) {
    return "This server has no sign-in method configured (GPU_DEV_SIGN_IN is none). Ask your operator.";
  }
  const offered = methods.map((method) => method.kind).join(", ");
  return `This server does not offer the sign-in method ${kind}. It offers: ${offered}.`;
}
