import type { Credential } from "@gpu-dev/client/signIn/credential.ts";
import type { Disposable } from "../core/emitter.ts";
import type { Secrets } from "./account.ts";

/** The credential of one server in the editor's secret storage, which all windows share. */
export interface CredentialStore {
  /** Undefined if nothing valid is stored. */
  read(): Promise<Credential | undefined>;
  write(credential: Credential): Promise<void>;
  remove(): Promise<void>;
  /** Also fires for changes by this window. */
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
      if (text === undefined) return undefined;
      const stored = await credentialFrom(text);
      // The text itself may contain a token, so it is not logged.
      if (stored === undefined) log.warn(`The stored sign-in for ${server} is not valid.`);
      return stored;
    },
    write: async (created) => {
      const { credential } = await import("@gpu-dev/client/signIn/credential.ts");
      await secrets.store(key, JSON.stringify(credential.encode(created)));
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

async function credentialFrom(text: string): Promise<Credential | undefined> {
  const { credential } = await import("@gpu-dev/client/signIn/credential.ts");
  try {
    return credential.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
