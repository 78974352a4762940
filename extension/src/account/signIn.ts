import { Dismissed } from "../core/errors.ts";
import type { Credential } from "@gpu-dev/client/signIn/credential.ts";
import type { KeyLocations } from "@gpu-dev/client/signIn/signIn.ts";

/** The keys on this machine, as the settings name them. */
export interface KeySettings extends KeyLocations {
  /**
   * The private key that the settings name; undefined for the key pair that GPU Dev creates. Read
   * at each sign-in.
   */
  readonly identityFile: () => string | undefined;
}

export interface ServerAccess {
  readonly server: string;
  readonly userAgent: string;
  readonly keys: KeySettings;
  readonly log: { warn(message: string): void };
}

export interface SignInRequest {
  readonly user: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly store: (credential: Credential) => Promise<void>;
}

/** Signs in to the server of the settings. Throws Dismissed if the signal aborts. */
export async function signInToServer(
  { server, userAgent, keys, log }: ServerAccess,
  request: SignInRequest,
): Promise<Credential> {
  const { signal } = request;
  try {
    const { signIn } = await import("@gpu-dev/client/signIn/signIn.ts");
    const { credential, keysSkipped } = await signIn({
      server,
      userAgent,
      identity: keys.identityFile(),
      keys,
      ...request,
    });
    for (const skipped of keysSkipped) log.warn(`A public key was not registered: ${skipped}`);
    return credential;
  } catch (error) {
    throw signal?.aborted === true && error === signal.reason ? new Dismissed() : error;
  }
}

/** Revokes a token. Never throws: a token that is not revoked expires. */
export async function revoke(access: ServerAccess, credential: Credential): Promise<void> {
  try {
    const { revokeToken } = await import("@gpu-dev/client/signIn/signIn.ts");
    await revokeToken(access.server, credential.token, access.userAgent);
  } catch (error) {
    access.log.warn(`A token could not be revoked: ${String(error)}`);
  }
}
