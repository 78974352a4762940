import { join } from "node:path";
import type { Account } from "../../../extension/src/account/account.ts";
import { createAccount } from "../../../extension/src/account/createAccount.ts";
import { createLive, type Live } from "../../../extension/src/live/live.ts";
import { type MemorySecrets, memorySecrets } from "../../support/memorySecrets.ts";
import { makeTempDir, type TempDir } from "../../support/tempDir.ts";
import { waitFor } from "../../support/waitFor.ts";

/**
 * What all windows of one editor have in common: a machine's home folder and the secret storage.
 */
export interface EditorUnderTest {
  readonly home: string;
  readonly secrets: MemorySecrets;
  /** What the windows wrote to their logs. */
  readonly warnings: string[];
  /** A window: it has read the secret storage when this resolves. */
  open(server: string): Promise<Account>;
  follow(account: Account, random?: () => number): Live;
  close(): Promise<void>;
}

export async function startEditor(): Promise<EditorUnderTest> {
  const dir: TempDir = await makeTempDir("editor");
  const secrets = memorySecrets();
  const warnings: string[] = [];
  const log = { warn: (message: string) => void warnings.push(message) };
  const now = () => new Date();
  const opened: { dispose(): void }[] = [];
  return {
    home: dir.path,
    secrets,
    warnings,
    open: async (server) => {
      const keys = {
        platform: process.platform,
        ownDir: join(dir.path, ".gpu-dev"),
        userSshDir: join(dir.path, ".ssh"),
        identityFile: () => undefined,
      };
      const account = createAccount({ server, secrets, keys, userAgent: "test", log, now });
      opened.push(account);
      await waitFor(() => account.state.kind !== "unknown", { describe: "the secret storage" });
      return account;
    },
    follow: (account, random = Math.random) => {
      const live = createLive({ account, now, log, random });
      opened.unshift(live);
      return live;
    },
    close: async () => {
      for (const each of opened.splice(0)) each.dispose();
      await dir.remove();
    },
  };
}
