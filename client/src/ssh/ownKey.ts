import { mkdir, stat } from "node:fs/promises";
import { runProgram } from "../runProgram.ts";
import { deploymentPaths, type SshPathOptions } from "./deploymentPaths.ts";
import { SshFilesError } from "./sshFileSystem.ts";

/**
 * Our own key pair, made on first use. It has no passphrase, so it works in scripts and needs no agent; it opens
 * nothing but reservations.
 */
export async function ensureOwnKey(options: SshPathOptions): Promise<string> {
  const { identity, dir } = deploymentPaths(options, "any");
  if (await exists(identity)) return identity;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const args = ["-q", "-t", "ed25519", "-N", "", "-C", "gpu-dev", "-f", identity];
  const made = await runProgram("ssh-keygen", args);
  if (made.code !== 0 && !(await exists(identity))) {
    throw new SshFilesError(
      `No key pair could be made at ${identity}: ssh-keygen said "${made.errors.trim()}". ` +
        "Install the OpenSSH client and try again.",
    );
  }
  return identity;
}

export async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
