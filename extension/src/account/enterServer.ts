import {
  type ApiClient,
  createApiClient,
  isUnauthenticated,
} from "@gpu-dev/client/http/apiClient.ts";
import type { Credential } from "@gpu-dev/client/signIn/credential.ts";
import { developmentToken } from "@gpu-dev/client/signIn/developmentSignIn.ts";
import { ensureOwnKey } from "@gpu-dev/client/ssh/ownKey.ts";
import { registerKeys } from "@gpu-dev/client/ssh/publicKeys.ts";
import { Dismissed } from "../core/errors.ts";

/** Where this machine's keys lie. */
export interface KeyPlaces {
  readonly platform: NodeJS.Platform;
  /** Our own folder: ~/.gpu-dev. */
  readonly ownDir: string;
  readonly userSshDir: string;
  /** The private key that the settings name; null: our own pair. Asked at each sign-in. */
  readonly identityFile: () => string | null;
}

export interface ServerAccess {
  readonly server: string;
  readonly userAgent: string;
  readonly keys: KeyPlaces;
  readonly log: { warn(message: string): void };
}

export interface EnterRequest {
  readonly user: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly keep: (credential: Credential) => Promise<void>;
}

/**
 * Signs in, registers the public keys and hands the credential to `keep`. Where any of it fails, or the signal
 * ends it, the token is revoked again. A cancel is answered at once: what is still under way then cleans up alone.
 */
export async function enterServer(
  access: ServerAccess,
  { user, signal, keep }: EnterRequest,
): Promise<Credential> {
  if (signal?.aborted === true) throw new Dismissed();
  const dismissal = Promise.withResolvers<never>();
  const dismiss = () => {
    dismissal.reject(new Dismissed());
  };
  signal?.addEventListener("abort", dismiss, { once: true });
  const deaf = () => signal?.removeEventListener("abort", dismiss);
  const entering = enter(access, {
    user,
    signal,
    keep: async (credential) => {
      // It is done: a cancel that comes now is too late, and must not be answered as if it were not.
      deaf();
      await keep(credential);
    },
  });
  try {
    return await Promise.race([entering, dismissal.promise]);
  } finally {
    deaf();
  }
}

async function enter(
  access: ServerAccess,
  { user, signal, keep }: EnterRequest,
): Promise<Credential> {
  const { keys, log } = access;
  const goOn = () => {
    if (signal?.aborted === true) throw new Dismissed();
  };
  const identity = keys.identityFile();
  const identityFile = identity ?? (await ensureOwnKey(keys));
  goOn();
  const credential = await tokenFor(access.server, { user, identity });
  try {
    goOn();
    const client = clientWith(access, () => {
      goOn(); // Between two requests, so that a cancelled sign-in adds no more keys.
      return credential.token;
    });
    const { skipped } = await registerKeys(client, { userSshDir: keys.userSshDir, identityFile });
    for (const each of skipped) log.warn(`A public key was not registered: ${each}`);
    goOn();
    await keep(credential);
    return credential;
  } catch (error) {
    await revoke(access, credential);
    throw error;
  }
}

export function tokenFor(
  server: string,
  as: { user: string | undefined; identity: string | null },
): Promise<Credential> {
  return developmentToken(server, as);
}

/** Asks the server to forget a token. Never throws: the token ends by itself in the end. */
export async function revoke(access: ServerAccess, credential: Credential): Promise<void> {
  try {
    await clientWith(access, () => credential.token).call("revokeToken");
  } catch (error) {
    if (isUnauthenticated(error)) return;
    access.log.warn(`A token could not be revoked: ${String(error)}`);
  }
}

/** One that does not renew: it speaks with this token or not at all. */
function clientWith({ server, userAgent }: ServerAccess, token: () => string): ApiClient {
  return createApiClient({ baseUrl: server, userAgent, token });
}
