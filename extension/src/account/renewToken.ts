import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ApiError } from "@gpu-dev/client/http/apiErrors.ts";
import { type Credential, SignInError } from "@gpu-dev/client/signIn/credential.ts";
import { withFileLock } from "@gpu-dev/shared/fileLock.ts";
import type { CredentialStore } from "./credentialStore.ts";
import { renewCredential } from "@gpu-dev/client/signIn/signIn.ts";
import { revoke, type ServerAccess } from "./signIn.ts";

export type Renewal =
  | { readonly kind: "renewed"; readonly credential: Credential }
  | { readonly kind: "signedOut" }
  /** The server did not answer: nothing is known, and nothing changes. */
  | { readonly kind: "unanswered" };

/**
 * Replaces a token that the server refused, without a question, as the same user. One window at a time:
 * the others wait and take the new token from the secret storage.
 */
export async function renewToken(options: {
  readonly access: ServerAccess;
  readonly store: CredentialStore;
  readonly refused: Credential;
  readonly now: () => Date;
  /** Called with a sentence for people where nobody can renew it, before the secret storage tells every window. */
  readonly end: (reason: string) => void;
}): Promise<Renewal> {
  const { access, now } = options;
  const { ownDir } = access.keys;
  const lock = {
    path: join(ownDir, "sign-in.lock"),
    now: () => now().getTime(),
  };
  await mkdir(ownDir, { recursive: true, mode: 0o700 });
  return await withFileLock(lock, () => renewAlone(options));
}

async function renewAlone(options: Parameters<typeof renewToken>[0]): Promise<Renewal> {
  const { access, store, refused } = options;
  const before = await fromStore(store, refused);
  if (before !== null) return before;
  let fresh: Credential;
  try {
    fresh = await renewCredential(access.server, refused);
  } catch (error) {
    access.log.warn(`The sign-in could not be renewed: ${String(error)}`);
    if (!isRefusal(error)) return { kind: "unanswered" };
    options.end(reasonOf(error));
    await store.remove();
    return { kind: "signedOut" };
  }
  // Somebody may have signed out, or in as another user, while the server was asked.
  const meanwhile = await fromStore(store, refused);
  if (meanwhile !== null) {
    await revoke(access, fresh);
    return meanwhile;
  }
  await store.write(fresh);
  return { kind: "renewed", credential: fresh };
}

/** What another window left in the secret storage; null while that is still the refused token. */
async function fromStore(store: CredentialStore, refused: Credential): Promise<Renewal | null> {
  const stored = await store.read();
  if (stored === null) return { kind: "signedOut" };
  return stored.token === refused.token ? null : { kind: "renewed", credential: stored };
}

/** A no of the server, or of our own checks; not silence, and not a server in trouble. */
function isRefusal(error: unknown): boolean {
  if (error instanceof ApiError) return error.status < 500 && error.status !== 429;
  return error instanceof SignInError;
}

function reasonOf(error: unknown): string {
  const why = error instanceof Error ? error.message : String(error);
  return `Your sign-in ended and could not be renewed. ${why}`;
}
