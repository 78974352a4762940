import type { TokenId } from "@gpu-dev/shared/ids.ts";
import { hashesEqual, hashToken, readBearer } from "../auth/token.ts";
import type { Principal } from "../domain/principal.ts";
import { Refusal } from "../domain/refusal.ts";
import type { Clock } from "../platform/clock.ts";
import type { Queryable } from "../store/database.ts";
import { findTokenByHash, listInvalidTokens } from "../store/tokens.ts";

interface Services {
  readonly db: Queryable;
  readonly clock: Clock;
}

export type Authentication =
  | { readonly outcome: "accepted"; readonly principal: Principal }
  | {
      readonly outcome: "refused";
      readonly refusal: Refusal;
      /** Known if the token was issued here and has expired or was revoked. */
      readonly userId: Principal["userId"] | undefined;
    };

/** Identifies the caller by the request's `Authorization` header. */
export async function authenticate(
  { db, clock }: Services,
  header: string | undefined,
): Promise<Authentication> {
  const token = readBearer(header);
  if (token === undefined) {
    return refuse(
      header === undefined
        ? "The request has no token. Sign in (gpu-dev login) and send the token as a bearer token."
        : "The Authorization header has no valid token. Sign in again (gpu-dev login).",
    );
  }
  const hash = hashToken(token);
  const row = await findTokenByHash(db, hash);
  if (!row || !hashesEqual(row.hash, hash)) {
    return refuse("This server did not issue this token. Sign in again (gpu-dev login).");
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

/** Returns those of the tokens that no longer authenticate: revoked, expired or deleted. */
export async function findInvalidTokens(
  { db, clock }: Services,
  ids: readonly TokenId[],
): Promise<ReadonlySet<TokenId>> {
  return new Set(await listInvalidTokens(db, ids, clock.now()));
}

function refuse(detail: string, userId?: Principal["userId"]): Authentication {
  return { outcome: "refused", refusal: new Refusal("unauthenticated", detail), userId };
}
