import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ApiClient } from "../http/apiClient.ts";
import { ApiError } from "../http/apiErrors.ts";
import { runProgram } from "../runProgram.ts";
import { exists } from "./ownKey.ts";
import { SshFilesError } from "./sshFileSystem.ts";

const KEY_LINE = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-\S+|sk-\S+) [A-Za-z0-9+/=]+( .*)?$/;

/** Tells the server the public keys of this user: our own (or the chosen one), and those found here. */
export async function registerKeys(
  client: ApiClient,
  options: { readonly userSshDir: string; readonly identityFile: string },
): Promise<{ added: number; skipped: string[] }> {
  const first = await readPublicKey(options.identityFile);
  const found = [...(await agentKeys()), ...(await keysInSshDir(options.userSshDir))];
  const known = new Set((await client.call("listKeys")).items.map((key) => keyData(key.publicKey)));
  const skipped: string[] = [];
  let added = 0;
  for (const publicKey of new Set([first, ...found])) {
    if (known.has(keyData(publicKey))) continue;
    try {
      await client.call("addKey", { body: { publicKey } });
      known.add(keyData(publicKey));
      added += 1;
    } catch (error) {
      // A key of the user's own that the server does not take is no reason to stop; ours must work.
      if (publicKey === first || !(error instanceof ApiError) || error.status >= 500) throw error;
      skipped.push(`${publicKey.split(" ")[0] ?? "key"}: ${error.message}`);
    }
  }
  return { added, skipped };
}

/** The public half of an identity: the file itself when it is a .pub file, the one beside it otherwise. */
async function readPublicKey(identityFile: string): Promise<string> {
  const path = identityFile.endsWith(".pub") ? identityFile : `${identityFile}.pub`;
  const line = (await readFile(path, "utf8").catch(() => "")).trim();
  if (KEY_LINE.test(line)) return line;
  const derived = await runProgram("ssh-keygen", ["-y", "-P", "", "-f", identityFile]);
  if (derived.code === 0 && KEY_LINE.test(derived.output.trim())) return derived.output.trim();
  throw new SshFilesError(`${identityFile} has no readable public key beside it (${path}).`);
}

async function keysInSshDir(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch(() => [] as string[]);
  const keys: string[] = [];
  for (const name of names.filter((candidate) => candidate.endsWith(".pub"))) {
    if (!(await exists(join(dir, name.slice(0, -".pub".length))))) continue;
    const line = (await readFile(join(dir, name), "utf8").catch(() => "")).trim();
    if (KEY_LINE.test(line)) keys.push(line);
  }
  return keys;
}

async function agentKeys(): Promise<string[]> {
  const listed = await runProgram("ssh-add", ["-L"]).catch(() => null);
  if (listed?.code !== 0) return [];
  return listed.output.split("\n").filter((line) => KEY_LINE.test(line));
}

function keyData(publicKey: string): string {
  return publicKey.split(" ").slice(0, 2).join(" ");
}
