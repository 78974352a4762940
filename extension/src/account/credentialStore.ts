import { type Credential, credential } from "@gpu-dev/client/signIn/credential.ts";
import type { Disposable } from "../core/emitter.ts";
import type { Secrets } from "./account.ts";

/** The credential for one server, in the editor's secret storage, which all windows share. */
export interface CredentialStore {
  /** Null where there is none, or nothing that could be one. */
  read(): Promise<Credential | null>;
  write(credential: Credential): Promise<void>;
  remove(): Promise<void>;
  /** Fires for changes of this window, too. */
  readonly onDidChange: (listener: () => void) => Disposable;
}

export function createCredentialStore(options: {
  readonly server: string;
  readonly secrets: Secrets;
  readonly log: { warn(message: string): void };
}): CredentialStore {
  const { server, secrets, log } = options;
  const key = `gpuDev.credential/${server}`;
  return {
    read: async () => {
      const text = await secrets.get(key);
      if (text === undefined) return null;
      const stored = credentialFrom(text);
      // Not the text itself: it may hold a token.
      if (stored === null) log.warn(`What the secret storage holds for ${server} is no sign-in.`);
      return stored;
    },
    write: async (fresh) => {
      await secrets.store(key, JSON.stringify(fresh));
    },
    remove: async () => {
      await secrets.delete(key);
    },
    onDidChange: (listener) =>
      secrets.onDidChange((event) => {
        if (event.key === key) listener();
      }),
  };
}

function credentialFrom(text: string): Credential | null {
  try {
    return credential.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
