import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "@gpu-dev/shared/errors.ts";
import { withFileLock } from "@gpu-dev/shared/fileLock.ts";
import { systemClock } from "../clock.ts";
import type { ApiClient } from "../http/apiClient.ts";
import { ApiError } from "../http/apiErrors.ts";
import { deploymentPaths, type SshPathOptions } from "../paths.ts";
import { SshFilesError } from "./fileSystem.ts";
import { runProgram } from "./openssh.ts";

const KEY_LINE = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-\S+|sk-\S+) [A-Za-z0-9+/=]+( .*)?$/;

/** A public key, and where it was found. */
interface FoundKey {
  readonly publicKey: string;
  readonly origin: string;
}

export interface IdentityOptions extends SshPathOptions {
  /** Also checks that ssh-keygen can read our own pair, and not only that it is complete. */
  readonly isThorough?: boolean;
  /**
   * Called with a new public key before its private key is in place: if the call fails, there is no
   * new pair, and the next attempt makes one.
   */
  readonly onCreate?: (publicKey: string) => Promise<void>;
}

/**
 * The private key file that ssh uses: the chosen one, otherwise our own, which is created on first
 * use.
 */
export async function identityFileFor(
  options: IdentityOptions,
  chosen: string | undefined,
): Promise<string> {
  return chosen ?? (await ensureOwnKey(options));
}

/**
 * Our own key pair, created on first use, and created again if it is damaged. It has no passphrase,
 * so it works in scripts and needs no agent; it gives access to reservations only.
 */
export async function ensureOwnKey(options: IdentityOptions): Promise<string> {
  const { identity, dir } = deploymentPaths(options, "any");
  if (await isUsable(identity, options)) return identity;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const lock = { path: join(dir, "key.lock"), now: () => systemClock.now().getTime() };
  await withFileLock(lock, async () => {
    if (await isUsable(identity, options)) return;
    await createPair(identity, options);
  });
  return identity;
}

async function isUsable(identity: string, { isThorough }: IdentityOptions): Promise<boolean> {
  if (!COMPLETE_KEY.test(await readFile(identity, "utf8").catch(() => ""))) return false;
  return isThorough !== true || "publicKey" in (await derivePublicKey(identity));
}

const COMPLETE_KEY = /^-----BEGIN ([A-Z ]+)-----\n[A-Za-z0-9+/=\n]+\n-----END \1-----\s*$/;

/** The pair appears complete or not at all. A damaged private key is kept under another name. */
async function createPair(identity: string, { onCreate }: IdentityOptions): Promise<void> {
  const temp = `${identity}.new`;
  const discard = () => Promise.all([temp, `${temp}.pub`].map((path) => rm(path, { force: true })));
  await discard();
  const args = ["-q", "-t", "ed25519", "-N", "", "-C", "gpu-dev", "-f", temp];
  const generated = await runProgram("ssh-keygen", args);
  if (generated.code !== 0) {
    throw new SshFilesError(
      `No key pair could be created at ${identity}: ssh-keygen reports "${generated.errors.trim()}". ` +
        "Check that the folder is yours and that the disk is not full.",
    );
  }
  try {
    await onCreate?.((await readFile(`${temp}.pub`, "utf8")).trim());
    await rename(identity, `${identity}.damaged`).catch((error: unknown) => {
      if (codeOf(error) !== "ENOENT") throw error;
    });
    await rename(`${temp}.pub`, `${identity}.pub`);
    await rename(temp, identity);
  } finally {
    await discard();
  }
}

/**
 * Registers this user's public keys with the server: our own (or the chosen one), and those found
 * on this machine.
 */
export async function registerKeys(
  client: Pick<ApiClient, "call">,
  options: { readonly userSshDir: string; readonly identityFile: string },
): Promise<{ added: number; skipped: string[] }> {
  const { identityFile } = options;
  const identity = { publicKey: await readPublicKey(identityFile), origin: identityFile };
  const found = [...(await agentKeys()), ...(await keysInSshDir(options.userSshDir))];
  const known = new Set((await client.call("listKeys")).items.map((key) => keyData(key.publicKey)));
  const skipped: string[] = [];
  let added = 0;
  for (const key of [identity, ...found]) {
    const { publicKey, origin } = key;
    if (known.has(keyData(publicKey))) continue;
    try {
      await client.call("addKey", { body: { publicKey } });
      known.add(keyData(publicKey));
      added += 1;
    } catch (error) {
      // The server may refuse another key of the user; the identity must be accepted.
      if (key === identity || !(error instanceof ApiError) || error.status >= 500) throw error;
      skipped.push(`${origin} (${publicKey.split(" ")[0] ?? "key"}): ${error.message}`);
    }
  }
  return { added, skipped };
}

/** Whether the server knows the key of an identity. */
export async function isRegistered(
  client: Pick<ApiClient, "call">,
  identityFile: string,
): Promise<boolean> {
  const own = keyData(await readPublicKey(identityFile));
  return (await client.call("listKeys")).items.some((key) => keyData(key.publicKey) === own);
}

/**
 * The public half of an identity: of the private key itself, or of the file next to it if only a
 * passphrase opens the private key. Throws if ssh could not use the identity.
 */
async function readPublicKey(identityFile: string): Promise<string> {
  const isPublic = identityFile.endsWith(".pub");
  const path = isPublic ? identityFile : `${identityFile}.pub`;
  const line = (await readFile(path, "utf8").catch(() => "")).trim();
  const isKey = KEY_LINE.test(line);
  if (isPublic && isKey) return line;
  const derived = await derivePublicKey(identityFile);
  if ("publicKey" in derived) {
    // The line of the file has the user's comment.
    return isKey && keyData(line) === keyData(derived.publicKey) ? line : derived.publicKey;
  }
  const { problem } = derived;
  if (!/incorrect passphrase/i.test(problem)) {
    throw new SshFilesError(
      `${identityFile} is not a private key that ssh can use: ssh-keygen reports "${problem}". ` +
        "Restore it, or choose another key with --identity.",
    );
  }
  if (isKey) return line;
  throw new SshFilesError(
    `${identityFile} has no readable public key next to it (${path}). ` +
      `Create it with: ssh-keygen -y -f ${identityFile} > ${path}`,
  );
}

async function derivePublicKey(
  identityFile: string,
): Promise<{ readonly publicKey: string } | { readonly problem: string }> {
  const derived = await runProgram("ssh-keygen", ["-y", "-P", "", "-f", identityFile]);
  const publicKey = derived.output.trim();
  if (derived.code === 0 && KEY_LINE.test(publicKey)) return { publicKey };
  return { problem: derived.errors.trim().split(/\r?\n/).at(-1) ?? "no key" };
}

async function keysInSshDir(dir: string): Promise<FoundKey[]> {
  const names = await readdir(dir).catch(() => [] as string[]);
  const keys: FoundKey[] = [];
  for (const name of names.filter((candidate) => candidate.endsWith(".pub"))) {
    if (!(await exists(join(dir, name.slice(0, -".pub".length))))) continue;
    const origin = join(dir, name);
    const publicKey = (await readFile(origin, "utf8").catch(() => "")).trim();
    if (KEY_LINE.test(publicKey)) keys.push({ publicKey, origin });
  }
  return keys;
}

async function agentKeys(): Promise<FoundKey[]> {
  const listed = await runProgram("ssh-add", ["-L"]).catch(() => undefined);
  if (listed?.code !== 0) return [];
  const lines = listed.output.split("\n").filter((line) => KEY_LINE.test(line));
  return lines.map((publicKey) => {
    const comment = publicKey.split(" ").slice(2).join(" ");
    return {
      publicKey,
      origin: comment === "" ? "a key of your agent" : `${comment} of your agent`,
    };
  });
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
