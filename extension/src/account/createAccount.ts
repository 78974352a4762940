import { Second } from "@gpu-dev/shared/durations.ts";
import type { Credential } from "@gpu-dev/client/signIn/credential.ts";
import { createEmitter, type Emitter } from "../core/emitter.ts";
import type { Account, AccountState, Profile, Secrets, SignInOptions } from "./account.ts";
import { createCredentialStore, type CredentialStore } from "./credentialStore.ts";
import { createLazyClient } from "./lazyClient.ts";
import { type Renewal, renewToken } from "./renewToken.ts";
import { type KeySettings, revoke, type ServerAccess, signInToServer } from "./signIn.ts";

export interface AccountOptions {
  /** An origin, as returned by `serverOrigin`. */
  readonly server: string;
  readonly secrets: Secrets;
  readonly keys: KeySettings;
  readonly userAgent: string;
  readonly log: { warn(message: string): void };
  readonly now: () => Date;
}

/** The time from a sign-in to its end. Its client never acts for a user who signs in later. */
interface AccountSession {
  credential: Credential;
  renewedAt: number;
  renewing: Promise<boolean> | undefined;
}

interface AccountContext {
  readonly access: ServerAccess;
  readonly store: CredentialStore;
  readonly now: () => Date;
  readonly changes: Emitter<AccountState>;
  state: AccountState;
  session: AccountSession | undefined;
  /**
   * Increases with every change in this window: a read of the storage that started before it is
   * stale.
   */
  version: number;
  isDisposed: boolean;
}

/**
 * Requests sent with the old token may be refused shortly after the renewal; they are retried
 * without another one.
 */
const RENEWAL_GRACE_MS = 5 * Second.ms;

/** Reads the secret storage at once, but sends no request before one is needed. */
export function createAccount(options: AccountOptions): Account {
  const { server, secrets, keys, userAgent, log, now } = options;
  const account: AccountContext = {
    access: { server, userAgent, keys, log },
    store: createCredentialStore({ server, secrets, log }),
    now,
    changes: createEmitter(),
    state: { kind: "unknown" },
    session: undefined,
    version: 0,
    isDisposed: false,
  };
  const subscription = account.store.onDidChange(() => void load(account));
  void load(account);
  return {
    server,
    get state() {
      return account.state;
    },
    onDidChange: (listener) => account.changes.on(listener),
    signIn: (request) => signIn(account, request),
    signOut: () => signOut(account),
    dispose: () => {
      account.isDisposed = true;
      account.session = undefined;
      subscription.dispose();
    },
  };
}

/** Adopts the content of the secret storage. */
async function load(account: AccountContext): Promise<void> {
  try {
    for (;;) {
      const { version } = account;
      const stored = await account.store.read();
      if (version !== account.version) continue;
      adopt(account, stored);
      return;
    }
  } catch (error) {
    account.access.log.warn(`The secret storage could not be read: ${String(error)}`);
    if (account.state.kind !== "unknown") return;
    adopt(account, undefined, "The editor's secret storage could not be read. Sign in again.");
  }
}

async function signIn(
  account: AccountContext,
  { user, signal }: SignInOptions = {},
): Promise<Profile> {
  const { access, store } = account;
  const previous = account.session?.credential;
  const credential = await signInToServer(access, {
    user,
    signal,
    store: (created) => store.write(created),
  });
  adopt(account, credential);
  if (previous !== undefined) void revoke(access, previous);
  return withoutToken(credential);
}

async function signOut(account: AccountContext): Promise<void> {
  const { access, store } = account;
  const held = account.session?.credential;
  const stored = await store.read().catch(() => undefined);
  await store.remove();
  adopt(account, undefined);
  const last = stored ?? held;
  if (last !== undefined) await revoke(access, last);
}

/** The only place that changes the state. Adopting the current credential again changes nothing. */
function adopt(account: AccountContext, credential: Credential | undefined, reason?: string): void {
  if (account.isDisposed) return;
  const { session, state } = account;
  if (
    credential !== undefined &&
    session !== undefined &&
    isSameUser(credential, session.credential)
  ) {
    if (credential.token === session.credential.token) return;
    account.version += 1;
    session.credential = credential;
    session.renewedAt = account.now().getTime();
    if (state.kind === "signedIn") account.state = { ...state, profile: withoutToken(credential) };
    return;
  }
  if (credential === undefined && state.kind === "signedOut") return;
  account.version += 1;
  account.session = credential && { credential, renewedAt: 0, renewing: undefined };
  account.state =
    account.session === undefined
      ? { kind: "signedOut", reason }
      : signedInState(account, account.session);
  account.changes.fire(account.state);
}

function signedInState(account: AccountContext, session: AccountSession): AccountState {
  const { server, userAgent } = account.access;
  const client = createLazyClient({
    baseUrl: server,
    userAgent,
    token: () => session.credential.token,
    renew: () => renewOnce(account, session),
  });
  return { kind: "signedIn", profile: withoutToken(session.credential), client };
}

/** Requests that are refused together share one renewal. */
async function renewOnce(account: AccountContext, session: AccountSession): Promise<boolean> {
  if (session !== account.session) return false;
  if (account.now().getTime() - session.renewedAt < RENEWAL_GRACE_MS) return true;
  session.renewing ??= renew(account, session).finally(() => (session.renewing = undefined));
  return session.renewing;
}

async function renew(account: AccountContext, session: AccountSession): Promise<boolean> {
  const { access, store, now } = account;
  const renewal = await renewToken({
    access,
    store,
    refused: session.credential,
    now,
    onEnd: (reason) => {
      if (session === account.session) adopt(account, undefined, reason);
    },
  }).catch((error: unknown): Renewal => {
    access.log.warn(`The sign-in could not be renewed: ${String(error)}`);
    return { kind: "unavailable" };
  });
  if (session !== account.session || renewal.kind === "unavailable") return false;
  adopt(account, renewal.kind === "signedOut" ? undefined : renewal.credential);
  return session === account.session;
}

function isSameUser(a: Credential, b: Credential): boolean {
  return a.user === b.user && a.role === b.role && a.identity === b.identity;
}

function withoutToken(credential: Credential): Profile {
  const { expiresAt, user, subject, role, server, identity } = credential;
  return { expiresAt, user, subject, role, server, identity };
}
