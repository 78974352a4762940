import type { ApiClient } from "@gpu-dev/client/http/apiClient.ts";
import type { Credential } from "@gpu-dev/client/signIn/credential.ts";
import type { Disposable } from "../core/emitter.ts";

/** Whether somebody is signed in to the server of the settings. `unknown` until the secret storage has answered. */
export type AccountState =
  | { readonly kind: "unknown" }
  /** `reason`: why, in a sentence, in the one window that found out; none where somebody asked for it. */
  | { readonly kind: "signedOut"; readonly reason?: string | undefined }
  | { readonly kind: "signedIn"; readonly who: Who; readonly client: ApiClient };

/** A credential without its secret. */
export type Who = Omit<Credential, "token">;

export interface Account {
  /** The origin of the server that the settings name. */
  readonly server: string;
  readonly state: AccountState;
  /**
   * Fires in every window of the editor when somebody signs in or out in one of them. A token that was renewed for
   * the same person is no change: the client goes on with it.
   */
  readonly onDidChange: (listener: (state: AccountState) => void) => Disposable;
  /**
   * Signs in and registers the public keys of this machine. Throws with a sentence for people, or Dismissed where
   * the signal ended it; then nothing has changed, and a token that was made is revoked.
   */
  signIn(options?: SignInOptions): Promise<Who>;
  /** Forgets the credential first, then asks the server to revoke it: signed out is signed out, whatever it answers. */
  signOut(): Promise<void>;
  dispose(): void;
}

export interface SignInOptions {
  /** Left out: the user that the server proposes. */
  readonly user?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The part of the editor's SecretStorage that we use. */
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
