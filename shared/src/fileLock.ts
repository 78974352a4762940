import { randomBytes } from "node:crypto";
import * as nodeFs from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { Second } from "./durations.ts";
import { codeOf } from "./errors.ts";

/** The file operations of a lock, so that tests can make any of them fail or race. */
export interface LockFileSystem {
  readFile(path: string): Promise<Buffer>;
  /** Creates the file, fails if it exists, flushes it to disk. */
  writeNew(path: string, content: Buffer, mode: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  link(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  stat(path: string): Promise<{ readonly mtimeMs: number }>;
}

export const lockFileSystem = {
  readFile: (path: string) => nodeFs.readFile(path),
  writeNew: async (path: string, content: Buffer, mode: number) => {
    const file = await nodeFs.open(path, "wx", mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
  },
  rename: (from: string, to: string) => nodeFs.rename(from, to),
  link: (from: string, to: string) => nodeFs.link(from, to),
  unlink: (path: string) => nodeFs.unlink(path),
  stat: (path: string) => nodeFs.stat(path),
} satisfies LockFileSystem;

/** The lock file as another process left it. */
export interface LockHolder {
  readonly content: string;
  readonly modifiedAtMs: number;
}

export interface TryLockOptions {
  readonly fs?: LockFileSystem;
  readonly path: string;
  /** Identifies this process; unique among all processes that use the lock. */
  readonly content: string;
  /** True if the holder died without releasing the lock. */
  readonly isStale: (holder: LockHolder) => boolean;
}

export type TryLockResult =
  | { readonly kind: "acquired"; readonly release: () => Promise<void> }
  /** `holder` is undefined if the lock was released meanwhile. */
  | { readonly kind: "held"; readonly holder: LockHolder | undefined };

/**
 * The lock could not be created, or its holder did not release it in time. The message is for
 * users.
 */
export class FileLockError extends Error {
  override readonly name = "FileLockError";
}

/** Takes a lock file if it is free or stale; does not wait. */
export async function tryFileLock(options: TryLockOptions): Promise<TryLockResult> {
  const fs = options.fs ?? lockFileSystem;
  const aside = `${options.path}.${randomBytes(6).toString("hex")}`;
  if (!(await createLock(fs, options, aside))) {
    const holder = await readHolder(fs, options.path);
    if (holder === undefined || !options.isStale(holder)) return { kind: "held", holder };
    await removeStale(fs, options.path, aside, holder);
    if (!(await createLock(fs, options, aside))) {
      return { kind: "held", holder: await readHolder(fs, options.path) };
    }
  }
  return { kind: "acquired", release: () => releaseLock(fs, options) };
}

export interface FileLockOptions {
  readonly fs?: LockFileSystem;
  readonly path: string;
  /** Wall-clock milliseconds, compared with the lock file's modification time. */
  readonly now: () => number;
  readonly timeoutMs?: number;
}

/** The work under the lock takes milliseconds, so the holder of a lock this old has died. */
const STALE_AFTER_MS = 10 * Second.ms;
const LOCK_TIMEOUT_MS = 20 * Second.ms;
const RECHECK_MS = 15;

/**
 * Runs `work` while no other process of this user holds the lock. The lock of a dead process is
 * taken over after ten seconds. If two processes ever hold it at once, no file is damaged: each is
 * replaced as a whole, and the next synchronisation restores a lost entry.
 */
export async function withFileLock<T>(
  options: FileLockOptions,
  work: () => Promise<T>,
): Promise<T> {
  const release = await waitForLock(options);
  try {
    return await work();
  } finally {
    await release();
  }
}

async function waitForLock(options: FileLockOptions): Promise<() => Promise<void>> {
  const { now, timeoutMs = LOCK_TIMEOUT_MS } = options;
  const content = randomBytes(12).toString("hex");
  const isStale = (holder: LockHolder) => now() - holder.modifiedAtMs >= STALE_AFTER_MS;
  const deadline = now() + timeoutMs;
  for (;;) {
    const result = await tryFileLock({ ...options, content, isStale });
    if (result.kind === "acquired") return result.release;
    if (now() > deadline) {
      throw new FileLockError(
        `Another process holds ${options.path} and does not release it. End that process, or delete the file.`,
      );
    }
    await sleep(RECHECK_MS * (0.5 + Math.random()));
  }
}

/**
 * A link makes the complete file appear at once, so that no process reads a half-written one. On a
 * file system without links the file is created directly.
 */
async function createLock(
  fs: LockFileSystem,
  { path, content }: TryLockOptions,
  temp: string,
): Promise<boolean> {
  try {
    await fs.writeNew(temp, Buffer.from(content), 0o600);
  } catch (error) {
    throw cannotLock(path, error);
  }
  try {
    await fs.link(temp, path);
    return true;
  } catch (error) {
    return codeOf(error) === "EEXIST" ? false : await createDirectly(fs, path, content);
  } finally {
    await fs.unlink(temp).catch(() => undefined);
  }
}

async function createDirectly(fs: LockFileSystem, path: string, content: string): Promise<boolean> {
  try {
    await fs.writeNew(path, Buffer.from(content), 0o600);
    return true;
  } catch (error) {
    // Windows returns EPERM while the previous holder's file is being deleted.
    if (["EEXIST", "EPERM", "EBUSY"].includes(codeOf(error) ?? "")) return false;
    throw cannotLock(path, error);
  }
}

/**
 * Moves the stale file aside before it is deleted: between the check and the deletion, another
 * process may have replaced it with its own lock. A lock that was moved by mistake is put back.
 */
async function removeStale(
  fs: LockFileSystem,
  path: string,
  aside: string,
  stale: LockHolder,
): Promise<void> {
  try {
    await fs.rename(path, aside);
    const moved = await fs.readFile(aside);
    if (moved.toString() !== stale.content) await fs.link(aside, path).catch(() => undefined);
    await fs.unlink(aside);
  } catch (error) {
    // ENOENT: another process removed it first, with the same result.
    if (codeOf(error) !== "ENOENT") throw cannotLock(path, error);
  }
}

async function readHolder(fs: LockFileSystem, path: string): Promise<LockHolder | undefined> {
  try {
    const content = (await fs.readFile(path)).toString();
    return { content, modifiedAtMs: (await fs.stat(path)).mtimeMs };
  } catch {
    return undefined;
  }
}

async function releaseLock(fs: LockFileSystem, { path, content }: TryLockOptions): Promise<void> {
  const current = await fs.readFile(path).catch(() => undefined);
  if (current?.toString() !== content) return;
  await fs.unlink(path).catch(() => undefined);
}

function cannotLock(path: string, error: unknown): FileLockError {
  return new FileLockError(
    `${path} could not be created (${codeOf(error) ?? String(error)}). ` +
      "Check that the folder is yours and that the disk is not full.",
    { cause: error },
  );
}
