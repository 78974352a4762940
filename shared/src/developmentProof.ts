import { createHmac, randomBytes } from "node:crypto";
import { Second } from "./durations.ts";

/** The content of a secret file: one secret and at most one line break. */
const SECRET_FILE = /^gpu-dev-secret-[A-Za-z0-9_-]{43}\n?$/;

export const MAX_SECRET_FILE_BYTES = 128;

/** How far the time of a proof may be from the database's time, in either direction. */
export const MAX_PROOF_AGE_MS = 60 * Second.ms;

/** What a development sign-in claims. The role is not part of it: the server assigns roles. */
export interface DevelopmentClaims {
  /**
   * The host and port that the request is sent to, so that the proof is valid at this server only.
   */
  readonly server: string;
  readonly user: string;
  /** ISO 8601 time. */
  readonly issuedAt: string;
}

/** A new secret: 256 random bits. */
export function createDevelopmentSecret(): string {
  return `gpu-dev-secret-${randomBytes(32).toString("base64url")}`;
}

/** Returns the secret that a file holds, or undefined if the text is not exactly one secret. */
export function parseDevelopmentSecret(text: string): string | undefined {
  return SECRET_FILE.test(text) ? text.trimEnd() : undefined;
}

/** base64url(HMAC-SHA256(secret, server + "\n" + user + "\n" + issuedAt)) */
export function signDevelopmentClaims(secret: string, claims: DevelopmentClaims): string {
  return createHmac("sha256", secret)
    .update([claims.server, claims.user, claims.issuedAt].join("\n"))
    .digest("base64url");
}
