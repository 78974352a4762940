import { createApiClient } from "@gpu-dev/client/http/apiClient.ts";
import { Second } from "@gpu-dev/shared/durations.ts";
import {
  type Credential,
  credential as credentialSchema,
} from "@gpu-dev/client/signIn/credential.ts";
import { createEmitter } from "../core/emitter.ts";
import type { Account, AccountState, Secrets, SignInOptions, Who } from "./account.ts";
import { createCredentialStore } from "./credentialStore.ts";
import { signInToServer, type KeyPlaces, revoke, type ServerAccess } from "./signIn.ts";
import { type Renewal, renewToken } from "./renewToken.ts";

export interface AccountOptions {
  /** An origin, as `serverOrigin` gives it. */
  readonly server: string;
  readonly secrets: Secrets;
  readonly keys: KeyPlaces;
  readonly userAgent: string;
  readonly log: { warn(message: string): void };
  readonly now: () => Date;
}

/** From one sign-in to its end. Its client never speaks for somebody else who signs in later. */
interface Period {
  credential: Credential;
  renewedAt: number;
  renewing: Promise<boolean> | undefined;
}

/** A request that was on its way with the old token is refused a little later than the one that led to the renewal. */
const STILL_FRESH_MS = 5 * Second.ms;

const whoSchema = credentialSchema.omit({ token: true });

/** Reads the secret storage at once; the server is not asked before somebody needs it. */
export function createAccount(options: AccountOptions): Account {
  const account = new StoredAccount(options);
  void account.load();
  return account;
}

class StoredAccount implements Account {
  readonly server: string;
  readonly onDidChange: Account["onDidChange"];
  readonly #access: ServerAccess;
  readonly #store: ReturnType<typeof createCredentialStore>;
  readonly #now: () => Date;
  readonly #changes = createEmitter<AccountState>();
  readonly #watch: { dispose(): void };
  #state: AccountState = { kind: "unknown" };
  #period: Period | null = null;
  /** Grows with every change here: what was read from the storage before one is not the last word. */
  #version = 0;
  #disposed = false;

  constructor({ server, secrets, keys, userAgent, log, now }: AccountOptions) {
    this.server = server;
    this.#access = { server, userAgent, keys, log };
    this.#store = createCredentialStore({ server, secrets, log });
    this.#now = now;
    this.onDidChange = (listener) => this.#changes.on(listener);
    this.#watch = this.#store.onDidChange(() => void this.load());
  }

  get state(): AccountState {
    return this.#state;
  }

  /** Takes over what the secret storage holds. */
  async load(): Promise<void> {
    try {
      for (;;) {
        const version = this.#version;
        const stored = await this.#store.read();
        if (version !== this.#version) continue;
        this.#adopt(stored);
        return;
      }
    } catch (error) {
      this.#access.log.warn(`The secret storage could not be read: ${String(error)}`);
      if (this.#state.kind !== "unknown") return;
      this.#adopt(null, "The editor's secret storage could not be read. Sign in again.");
    }
  }

  async signIn({ user, signal }: SignInOptions = {}): Promise<Who> {
    const previous = this.#period?.credential;
    const credential = await signInToServer(this.#access, {
      user,
      signal,
      store: (created) => this.#store.write(created),
    });
    this.#adopt(credential);
    if (previous !== undefined) void revoke(this.#access, previous);
    return withoutToken(credential);
  }

  async signOut(): Promise<void> {
    const held = this.#period?.credential ?? null;
    const stored = await this.#store.read().catch(() => null);
    await this.#store.remove();
    this.#adopt(null);
    const last = stored ?? held;
    if (last !== null) await revoke(this.#access, last);
  }

  dispose(): void {
    this.#disposed = true;
    this.#period = null;
    this.#watch.dispose();
  }

  /** The one place where the state changes; the same credential again changes nothing. */
  #adopt(credential: Credential | null, reason?: string): void {
    if (this.#disposed) return;
    const period = this.#period;
    if (credential !== null && period !== null && isSamePerson(credential, period.credential)) {
      if (credential.token === period.credential.token) return;
      this.#version += 1;
      period.credential = credential;
      period.renewedAt = this.#now().getTime();
      if (this.#state.kind === "signedIn") {
        this.#state = { ...this.#state, who: withoutToken(credential) };
      }
      return;
    }
    if (credential === null && this.#state.kind === "signedOut") return;
    this.#version += 1;
    this.#period = credential && { credential, renewedAt: 0, renewing: undefined };
    this.#state =
      this.#period === null ? { kind: "signedOut", reason } : this.#signedIn(this.#period);
    this.#changes.fire(this.#state);
  }

  #signedIn(period: Period): AccountState {
    const client = createApiClient({
      baseUrl: this.server,
      userAgent: this.#access.userAgent,
      token: () => period.credential.token,
      renew: () => this.#renewOnce(period),
    });
    return { kind: "signedIn", who: withoutToken(period.credential), client };
  }

  /** Many requests are refused together; they share one renewal. */
  async #renewOnce(period: Period): Promise<boolean> {
    if (period !== this.#period) return false;
    if (this.#now().getTime() - period.renewedAt < STILL_FRESH_MS) return true;
    period.renewing ??= this.#renew(period).finally(() => (period.renewing = undefined));
    return await period.renewing;
  }

  async #renew(period: Period): Promise<boolean> {
    const renewal = await renewToken({
      access: this.#access,
      store: this.#store,
      refused: period.credential,
      now: this.#now,
      end: (reason) => {
        if (period === this.#period) this.#adopt(null, reason);
      },
    }).catch((error: unknown): Renewal => {
      this.#access.log.warn(`The sign-in could not be renewed: ${String(error)}`);
      return { kind: "unanswered" };
    });
    if (period !== this.#period || renewal.kind === "unanswered") return false;
    if (renewal.kind === "signedOut") this.#adopt(null);
    else this.#adopt(renewal.credential);
    return period === this.#period;
  }
}

function isSamePerson(one: Credential, other: Credential): boolean {
  return one.user === other.user && one.role === other.role && one.identity === other.identity;
}

function withoutToken(credential: Credential): Who {
  return whoSchema.parse(credential);
}
