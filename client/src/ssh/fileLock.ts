import { randomBytes } from "node:crypto";
import { Second } from "@gpu-dev/shared/durations.ts";
import { pause } from "../http/backoff.ts";
import { codeOf, readIfThere, SshFilesError, type SshFileSystem } from "./sshFileSystem.ts";

export interface LockOptions {
  readonly fs: SshFileSystem;
  readonly path: string;
  /** Wall-clock milliseconds, compared with the lock file's modification time. */
  readonly now: () => number;
  readonly timeoutMs?: number;
}

/** What is done under the lock takes milliseconds; a lock this old belongs to a process that died. */
const STALE_MS = 10 * Second.ms;
const TIMEOUT_MS = 20 * Second.ms;
const LOOK_AGAIN_MS = 15;

/**
 * Runs `work` alone among all editor windows and command lines of this user. A lock (not one file per writer,
 * merged on reading) because ssh reads the result directly: there is no reader of ours that could merge.
 * A dead holder's lock is taken over after ten seconds. Should two ever hold it at once nothing breaks: each
 * file is replaced whole, and a host that got lost is written again by the next synchronisation.
 */
export async function withFileLock<T>(options: LockOptions, work: () => Promise<T>): Promise<T> {
  const token = randomBytes(12).toString("hex");
  await acquire(options, token);
  try {
    return await work();
  } finally {
    await release(options, token);
  }
}

async function acquire(options: LockOptions, token: string): Promise<void> {
  const giveUpAt = options.now() + (options.timeoutMs ?? TIMEOUT_MS);
  for (;;) {
    try {
      await options.fs.writeNew(options.path, Buffer.from(token), 0o600);
      return;
    } catch (error) {
      // Windows answers EPERM while the previous holder's file is being deleted.
      if (!["EEXIST", "EPERM", "EBUSY"].includes(codeOf(error) ?? ""))
        throw cannotLock(options, error);
    }
    await removeStale(options, token);
    if (options.now() > giveUpAt) {
      throw new SshFilesError(
        `Another process holds ${options.path} and does not let go. Close it, or delete that file.`,
      );
    }
    await pause(LOOK_AGAIN_MS * (0.5 + Math.random()));
  }
}

/**
 * Moves a stale lock aside before deleting it, because between looking and deleting its place may be taken by
 * a fresh one: a fresh one that was moved by mistake is put back.
 */
async function removeStale(options: LockOptions, token: string): Promise<void> {
  const { fs, path } = options;
  const seen = await readIfThere(fs, path).catch(() => null);
  const modifiedAt = await fs.stat(path).then(
    (stats) => stats.mtimeMs,
    () => null,
  );
  if (seen === null || modifiedAt === null || options.now() - modifiedAt < STALE_MS) return;
  const aside = `${path}.${token}`;
  try {
    await fs.rename(path, aside);
    const moved = await fs.readFile(aside);
    if (!moved.equals(seen)) await fs.link(aside, path).catch(() => undefined);
    await fs.unlink(aside);
  } catch (error) {
    // Somebody else removed it first, which is as good.
    if (codeOf(error) !== "ENOENT") throw cannotLock(options, error);
  }
}

async function release(options: LockOptions, token: string): Promise<void> {
  const content = await readIfThere(options.fs, options.path).catch(() => null);
  if (content?.toString() !== token) return;
  await options.fs.unlink(options.path).catch(() => undefined);
}

function cannotLock(options: LockOptions, error: unknown): SshFilesError {
  return new SshFilesError(
    `${options.path} could not be made (${codeOf(error) ?? String(error)}). ` +
      "Check that the folder is yours and that the disk is not full.",
    { cause: error },
  );
}
