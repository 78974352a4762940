import { createApiClient, isUnauthenticated } from "../http/apiClient.ts";
import { identityFileFor, registerKeys } from "../ssh/keys.ts";
import type { Credential } from "./credential.ts";
import { signInForDevelopment, type TokenRequest } from "./developmentSignIn.ts";
import { SignInError } from "./server.ts";

/** The user's keys on this machine. */
export interface KeyLocations {
  readonly platform: NodeJS.Platform;
  /** Our own folder: ~/.gpu-dev. */
  readonly ownDir: string;
  readonly userSshDir: string;
}

export interface SignInOptions {
  /** The server's origin. */
  readonly server: string;
  readonly userAgent?: string | undefined;
  /** Defaults to the user that the server proposes. */
  readonly user?: string | undefined;
  /** A private key file; undefined for our own pair. */
  readonly identity: string | undefined;
  readonly keys: KeyLocations;
  readonly signal?: AbortSignal | undefined;
  /** Stores the credential. After this call starts, an abort no longer has an effect. */
  readonly store: (credential: Credential) => Promise<void>;
}

export interface SignedIn {
  readonly credential: Credential;
  readonly identityFile: string;
  /** Our own pair was missing or damaged. */
  readonly isNewKey: boolean;
  readonly keysAdded: number;
  /** The public keys that the server refused, with its reasons. */
  readonly keysSkipped: readonly string[];
}

/**
 * Signs in, registers the user's public keys and stores the credential. If a step fails or the
 * signal aborts, the token is revoked. An abort rejects at once with the signal's reason; a step in
 * progress then cleans up on its own.
 */
export async function signIn(options: SignInOptions): Promise<SignedIn> {
  const { signal } = options;
  signal?.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => {
    aborted.reject(signal?.reason as Error);
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  const stopListening = () => signal?.removeEventListener("abort", onAbort);
  try {
    return await Promise.race([runSteps(options, stopListening), aborted.promise]);
  } finally {
    stopListening();
  }
}

async function runSteps(options: SignInOptions, stopListening: () => void): Promise<SignedIn> {
  const { server, userAgent, user, identity, keys, signal, store } = options;
  let isNewKey = false;
  const onCreate = () => {
    isNewKey = true;
    return Promise.resolve();
  };
  const identityOptions = { ...keys, isThorough: true, onCreate };
  const identityFile = await identityFileFor(identityOptions, identity);
  signal?.throwIfAborted();
  const credential = await requestToken(server, { user, identity });
  try {
    signal?.throwIfAborted();
    const client = createApiClient({
      baseUrl: server,
      userAgent,
      token: () => {
        signal?.throwIfAborted(); // Between two requests, so that an aborted sign-in adds no more keys.
        return credential.token;
      },
    });
    const { userSshDir } = keys;
    const { added, skipped } = await registerKeys(client, { userSshDir, identityFile });
    signal?.throwIfAborted();
    stopListening();
    await store(credential);
    return { credential, identityFile, isNewKey, keysAdded: added, keysSkipped: skipped };
  } catch (error) {
    await revokeToken(server, credential.token).catch(() => undefined);
    throw error;
  }
}

/** Requests a token with the first sign-in method of the server that this version knows. */
export async function requestToken(server: string, request: TokenRequest): Promise<Credential> {
  const client = createApiClient({ baseUrl: server });
  const listing = await client.call("listSignInMethods");
  // The parser has removed the methods that this version does not know.
  const [method] = listing.methods;
  switch (method?.kind) {
    case "development":
      return signInForDevelopment(client, listing.server, method, request);
    case undefined:
      break;
  }
  throw new SignInError(
    `${server} offers no sign-in method that this version supports. Update this client.`,
  );
}

/** Requests a new token for the same user, without a prompt. */
export async function renewCredential(server: string, expired: Credential): Promise<Credential> {
  const { subject, user, identity } = expired;
  return requestToken(server, { user: subject ?? user, identity });
}

/** Revokes a token. A token that is no longer valid is not an error. */
export async function revokeToken(
  server: string,
  token: string,
  userAgent?: string,
): Promise<void> {
  // A client that does not renew: it must not sign in again in order to sign out.
  const client = createApiClient({
    baseUrl: server,
    userAgent,
    token: () => token,
  });
  await client.call("revokeToken").catch((error: unknown) => {
    if (!isUnauthenticated(error)) throw error;
  });
}
