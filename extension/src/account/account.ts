import type { ApiClient } from "@gpu-dev/client/http/apiClient.ts";
import type { Credential } from "@gpu-dev/client/signIn/credential.ts";
import type { Disposable } from "../core/emitter.ts";

/**
 * Whether a user is signed in to the server of the settings. `unknown` until the secret storage has
 * been read.
 */
export type AccountState =
  | { readonly kind: "unknown" }
  /**
   * `reason`: a user-facing message, in the window that noticed the end; undefined after a sign-out
   * by the user.
   */
  | { readonly kind: "signedOut"; readonly reason?: string | undefined }
  | { readonly kind: "signedIn"; readonly profile: Profile; readonly client: ApiClient };

/** A credential without its secret. */
export type Profile = Omit<Credential, "token">;

export interface Account extends Disposable {
  /** The origin of the server that the settings name. */
  readonly server: string;
  readonly state: AccountState;
  /**
   * Fires in every window of the editor after a sign-in or sign-out in one of them. A renewed token
   * for the same user is not a change: the client uses it for its next requests.
   */
  readonly onDidChange: (listener: (state: AccountState) => void) => Disposable;
  /**
   * Signs in and registers the public keys of this machine. Throws a user-facing error, or
   * Dismissed if the signal aborts. Then nothing has changed, and a token that was created is
   * revoked.
   */
  signIn(options?: SignInOptions): Promise<Profile>;
  /**
   * Deletes the credential, then revokes it on the server: the user is signed out even if the
   * server is unavailable.
   */
  signOut(): Promise<void>;
}

export interface SignInOptions {
  /** The user that the server proposes by default. */
  readonly user?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The part of the editor's SecretStorage that is used. */
export interface Secrets {
  get(key: string): PromiseLike<string | undefined>;
  store(key: string, value: string): PromiseLike<void>;
  delete(key: string): PromiseLike<void>;
  readonly onDidChange: (listener: (event: { readonly key: string }) => void) => Disposable;
}

/** The client of the signed-in user. Throws a user-facing error if nobody is signed in. */
export function signedInClient(account: Pick<Account, "state">): ApiClient {
  if (account.state.kind === "signedIn") return account.state.client;
  throw new Error("You are not signed in. Sign in to continue.");
}
