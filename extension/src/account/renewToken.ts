import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { withFileLock } from "@gpu-dev/shared/fileLock.ts";
import { ApiError } from "@gpu-dev/client/http/apiErrors.ts";
import type { Credential } from "@gpu-dev/client/signIn/credential.ts";
import { SignInError } from "@gpu-dev/client/signIn/server.ts";
import { asError } from "../core/errors.ts";
import type { CredentialStore } from "./credentialStore.ts";
import { revoke, type ServerAccess } from "./signIn.ts";

export type Renewal =
  | { readonly kind: "renewed"; readonly credential: Credential }
  | { readonly kind: "signedOut" }
  /** The server did not respond, so the credential may still be valid and is kept. */
  | { readonly kind: "unavailable" };

export interface RenewTokenOptions {
  readonly access: ServerAccess;
  readonly store: CredentialStore;
  readonly refused: Credential;
  readonly now: () => Date;
  /**
   * Called with a user-facing message if the token cannot be renewed, before the change of the
   * secret storage reaches the other windows.
   */
  readonly onEnd: (reason: string) => void;
}

/**
 * Replaces a token that the server refused, for the same user and without asking. Only one window
 * renews at a time; the others wait and take the new token from the secret storage.
 */
export async function renewToken(options: RenewTokenOptions): Promise<Renewal> {
  const { access, now } = options;
  const { ownDir } = access.keys;
  const lock = {
    path: join(ownDir, "sign-in.lock"),
    now: () => now().getTime(),
  };
  await mkdir(ownDir, { recursive: true, mode: 0o700 });
  return withFileLock(lock, () => renewLocked(options));
}

async function renewLocked(options: RenewTokenOptions): Promise<Renewal> {
  const { access, store, refused } = options;
  const before = await storedRenewal(store, refused);
  if (before !== undefined) return before;
  let renewed: Credential;
  try {
    const { renewCredential } = await import("@gpu-dev/client/signIn/signIn.ts");
    renewed = await renewCredential(access.server, refused);
  } catch (error) {
    access.log.warn(`The sign-in could not be renewed: ${String(error)}`);
    if (!isRefusal(error)) return { kind: "unavailable" };
    options.onEnd(`Your sign-in has expired and could not be renewed. ${asError(error).message}`);
    await store.remove();
    return { kind: "signedOut" };
  }
  // The user may have signed out, or in as another user, during the request.
  const meanwhile = await storedRenewal(store, refused);
  if (meanwhile !== undefined) {
    await revoke(access, renewed);
    return meanwhile;
  }
  await store.write(renewed);
  return { kind: "renewed", credential: renewed };
}

/**
 * The result that another window stored; undefined while the storage still holds the refused token.
 */
async function storedRenewal(
  store: CredentialStore,
  refused: Credential,
): Promise<Renewal | undefined> {
  const stored = await store.read();
  if (stored === undefined) return { kind: "signedOut" };
  return stored.token === refused.token ? undefined : { kind: "renewed", credential: stored };
}

/**
 * A refusal by the server or by the checks of the client, as opposed to an unavailable or failing
 * server.
 */
function isRefusal(error: unknown): boolean {
  if (error instanceof ApiError) return error.status < 500 && error.status !== 429;
  return error instanceof SignInError;
}
