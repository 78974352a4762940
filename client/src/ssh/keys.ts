import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ApiClient } from "../http/apiClient.ts";
import { ApiError } from "../http/apiErrors.ts";
import { deploymentPaths, type SshPathOptions } from "../paths.ts";
import { SshFilesError } from "./fileSystem.ts";
import { runProgram } from "./openssh.ts";

const KEY_LINE = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-\S+|sk-\S+) [A-Za-z0-9+/=]+( .*)?$/;

/**
 * The private key file that ssh uses: the chosen one, otherwise our own, which is created on first
 * use.
 */
export async function identityFileFor(
  options: SshPathOptions,
  chosen: string | null,
): Promise<string> {
  return chosen ?? (await ensureOwnKey(options));
}

/**
 * Our own key pair, created on first use. It has no passphrase, so it works in scripts and needs no
 * agent; it opens nothing but reservations.
 */
export async function ensureOwnKey(options: SshPathOptions): Promise<string> {
  const { identity, dir } = deploymentPaths(options, "any");
  if (await exists(identity)) return identity;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const args = ["-q", "-t", "ed25519", "-N", "", "-C", "gpu-dev", "-f", identity];
  const generated = await runProgram("ssh-keygen", args);
  if (generated.code !== 0 && !(await exists(identity))) {
    throw new SshFilesError(
      `No key pair could be created at ${identity}: ssh-keygen reports "${generated.errors.trim()}". ` +
        "Install the OpenSSH client and try again.",
    );
  }
  return identity;
}

/**
 * Registers this user's public keys with the server: our own (or the chosen one), and those found
 * on this machine.
 */
export async function registerKeys(
  client: Pick<ApiClient, "call">,
  options: { readonly userSshDir: string; readonly identityFile: string },
): Promise<{ added: number; skipped: string[] }> {
  const identity = await readPublicKey(options.identityFile);
  const found = [...(await agentKeys()), ...(await keysInSshDir(options.userSshDir))];
  const known = new Set((await client.call("listKeys")).items.map((key) => keyData(key.publicKey)));
  const skipped: string[] = [];
  let added = 0;
  for (const publicKey of new Set([identity, ...found])) {
    if (known.has(keyData(publicKey))) continue;
    try {
      await client.call("addKey", { body: { publicKey } });
      known.add(keyData(publicKey));
      added += 1;
    } catch (error) {
      // The server may refuse another key of the user; the identity must be accepted.
      if (publicKey === identity || !(error instanceof ApiError) || error.status >= 500) {
        throw error;
      }
      skipped.push(`${publicKey.split(" ")[0] ?? "key"}: ${error.message}`);
    }
  }
  return { added, skipped };
}

/**
 * The public half of an identity: the file itself if it is a .pub file, otherwise the one next to
 * it.
 */
async function readPublicKey(identityFile: string): Promise<string> {
  const path = identityFile.endsWith(".pub") ? identityFile : `${identityFile}.pub`;
  const line = (await readFile(path, "utf8").catch(() => "")).trim();
  if (KEY_LINE.test(line)) return line;
  const derived = await runProgram("ssh-keygen", ["-y", "-P", "", "-f", identityFile]);
  if (derived.code === 0 && KEY_LINE.test(derived.output.trim())) return derived.output.trim();
  throw new SshFilesError(
    `${identityFile} has no readable public key next to it (${path}). ` +
      `Create it with: ssh-keygen -y -f ${identityFile} > ${path}`,
  );
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

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
