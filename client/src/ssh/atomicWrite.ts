import type { Stats } from "node:fs";
import { posix, win32 } from "node:path";
import { randomBytes } from "node:crypto";
import { pause } from "../http/backoff.ts";
import { codeOf, readIfThere, SshFilesError, type SshFileSystem } from "./sshFileSystem.ts";

export interface WriteTarget {
  readonly fs: SshFileSystem;
  readonly platform: NodeJS.Platform;
}

const LINKS_FOLLOWED = 20;
/** Windows: a virus scanner or an editor holds the file for a moment. */
const BUSY_CODES: readonly string[] = ["EPERM", "EACCES", "EBUSY"];
const BUSY_TRIES = 10;

/**
 * Replaces a file as a whole: temp file beside it, flushed, mode and owner kept, renamed. A symlink stays a
 * link and its target is written. Same content: nothing is written. `unchanged` is asked just before the
 * rename; when it answers false nothing happens and the result is "raced".
 */
export async function atomicWrite(
  target: WriteTarget,
  path: string,
  content: Buffer,
  options: { newFileMode: number; unchanged?: (finalPath: string) => Promise<boolean> },
): Promise<"written" | "same" | "raced"> {
  const { fs } = target;
  const finalPath = await resolveLinks(target, path);
  const before = await statIfThere(fs, finalPath);
  if (before !== null && (await readIfThere(fs, finalPath))?.equals(content) === true) {
    return "same";
  }
  const temp = `${finalPath}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await fs.writeNew(temp, content, before === null ? options.newFileMode : before.mode & 0o7777);
    if (before !== null) await keepOwnerAndMode(target, temp, before);
    if (options.unchanged !== undefined && !(await options.unchanged(finalPath))) {
      await fs.unlink(temp);
      return "raced";
    }
    await renameWhenFree(target, temp, finalPath);
    return "written";
  } catch (error) {
    await fs.unlink(temp).catch(() => undefined);
    if (error instanceof SshFilesError) throw error;
    throw new SshFilesError(
      `${path} could not be written (${codeOf(error) ?? String(error)}); it is as it was before.`,
      { cause: error },
    );
  }
}

/** The file that a path stands for at the end of its links, also when that file does not exist yet. */
export async function resolveLinks(target: WriteTarget, path: string): Promise<string> {
  const paths = target.platform === "win32" ? win32 : posix;
  let current = path;
  for (let followed = 0; followed < LINKS_FOLLOWED; followed += 1) {
    const entry = await lstatIfThere(target.fs, current);
    if (entry?.isSymbolicLink() !== true) return current;
    current = paths.resolve(paths.dirname(current), await target.fs.readlink(current));
  }
  throw new SshFilesError(`${path} is a link that leads in a circle. Repair it and try again.`);
}

export async function statIfThere(fs: SshFileSystem, path: string): Promise<Stats | null> {
  return await absentAsNull(fs.stat(path));
}

async function lstatIfThere(fs: SshFileSystem, path: string): Promise<Stats | null> {
  return await absentAsNull(fs.lstat(path));
}

async function absentAsNull(stat: Promise<Stats>): Promise<Stats | null> {
  try {
    return await stat;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

async function keepOwnerAndMode(target: WriteTarget, temp: string, before: Stats): Promise<void> {
  if (target.platform === "win32") return;
  const made = await target.fs.stat(temp);
  // Run with sudo, a replaced file would belong to root, and ssh would refuse it.
  if (made.uid !== before.uid || made.gid !== before.gid) {
    await target.fs.chown(temp, before.uid, before.gid);
  }
  // The umask may have taken bits away at creation.
  await target.fs.chmod(temp, before.mode & 0o7777);
}

async function renameWhenFree(target: WriteTarget, from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await target.fs.rename(from, to);
      return;
    } catch (error) {
      const busy = target.platform === "win32" && BUSY_CODES.includes(codeOf(error) ?? "");
      if (!busy || attempt >= BUSY_TRIES) throw error;
      await pause(20 * attempt);
    }
  }
}
