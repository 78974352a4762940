import { hashToken, readBearer, hashesEqual } from "../auth/token.ts";
import type { Queryable } from "../store/database.ts";
import { findDeadTokens, findTokenByHash } from "../store/tokens.ts";
import type { Clock } from "../platform/clock.ts";
import type { Principal } from "../domain/principal.ts";
import { Refusal } from "../domain/refusal.ts";

export { findDeadTokens };

export type Authentication =
  | { readonly outcome: "accepted"; readonly principal: Principal }
  /** `principal` is known when a token of ours was shown that is good no longer. */
  | {
      readonly outcome: "refused";
      readonly refusal: Refusal;
      readonly userId: Principal["userId"] | null;
    };

/** Reads who makes the request from its `Authorization` header. */
export async function authenticate(
  { db, clock }: { readonly db: Queryable; readonly clock: Clock },
  header: string | undefined,
): Promise<Authentication> {
  const token = readBearer(header);
  if (token === undefined) {
    return refuse(
      header === undefined
        ? "This request carries no token. Sign in (gpu-dev login) and send it as a bearer token."
        : "The Authorization header holds no token of this server. Sign in again (gpu-dev login).",
    );
  }
  const hash = hashToken(token);
  const row = await findTokenByHash(db, hash);
  if (!row || !hashesEqual(row.hash, hash)) {
    return refuse("This token is not known here. Sign in again (gpu-dev login).");
  }
  if (row.revokedAt) {
    return refuse(
      "This token was revoked by a sign-out. Sign in again (gpu-dev login).",
      row.userId,
    );
  }
  if (row.expiresAt <= clock.now()) {
    return refuse("This token has expired. Sign in again (gpu-dev login).", row.userId);
  }
  return {
    outcome: "accepted",
    principal: {
      userId: row.userId,
      name: row.userName,
      role: row.role,
      tokenId: row.id,
      tokenExpiresAt: row.expiresAt,
    },
  };
}

function refuse(detail: string, userId: Principal["userId"] | null = null): Authentication {
  const headers = { "www-authenticate": 'Bearer realm="gpu-dev"' };
  return {
    outcome: "refused",
    refusal: new Refusal("unauthenticated", detail, { headers }),
    userId,
  };
}
