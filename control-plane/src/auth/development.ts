import { createHmac } from "node:crypto";
import type { Role } from "@gpu-dev/shared/api/resources.ts";
import { Second } from "@gpu-dev/shared/durations.ts";
import { sameHash } from "./token.ts";

/** How far from the database's time a proof may have been made, either way. */
export const PROOF_AGE_MS = 60 * Second.ms;

export interface DevelopmentProof {
  readonly server: string;
  readonly user: string;
  readonly role: Role;
  readonly issuedAt: string;
  readonly proof: string;
}

/** base64url(HMAC-SHA256(secret, server, user, role, issuedAt)), one to a line. */
export function signProof(secret: string, claims: Omit<DevelopmentProof, "proof">): string {
  return createHmac("sha256", secret)
    .update([claims.server, claims.user, claims.role, claims.issuedAt].join("\n"))
    .digest("base64url");
}

/**
 * Whether the proof was made with the secret, for this server, just now.
 * @param server the host and port that the request was sent to
 * @returns undefined when it is good, else why not, in a sentence that may be told
 */
export function refuseProof(
  given: DevelopmentProof,
  expected: { readonly secret: string; readonly server: string; readonly now: Date },
): string | undefined {
  if (given.server !== expected.server) {
    return `The sign-in is bound to ${given.server}, but this server is ${expected.server}. Sign in again with this server's address.`;
  }
  const ageMs = expected.now.getTime() - Date.parse(given.issuedAt);
  if (Math.abs(ageMs) > PROOF_AGE_MS) {
    return "The sign-in was made too long ago, or this machine's clock is off by more than a minute. Sign in again.";
  }
  const wanted = signProof(expected.secret, given);
  if (!sameHash(Buffer.from(wanted), Buffer.from(given.proof))) {
    return "The proof does not fit the server's secret. Is the secret file the one of the running server?";
  }
  return undefined;
}
