import type { Stats } from "node:fs";
import { randomBytes } from "node:crypto";
import { codeOf } from "@gpu-dev/shared/errors.ts";
import { pause } from "../clock.ts";
import { pathsOf } from "../paths.ts";
import {
  lstatIfExists,
  readIfExists,
  SshFilesError,
  type SshFileSystem,
  statIfExists,
} from "./fileSystem.ts";

export interface WriteTarget {
  readonly fs: SshFileSystem;
  readonly platform: NodeJS.Platform;
}

const MAX_LINKS = 20;
/** Windows: a virus scanner or an editor keeps the file open for a moment. */
const BUSY_CODES: readonly string[] = ["EPERM", "EACCES", "EBUSY"];
const MAX_BUSY_TRIES = 10;
const BUSY_RETRY_MS = 20;

export interface WriteOptions {
  readonly newFileMode: number;
  /** Called just before the file changes; if it returns false, nothing happens. */
  readonly unchanged?: (finalPath: string) => Promise<boolean>;
  /**
   * The user's own file: access lists and extended attributes stay, and a file with several names
   * or a mount of its own is written in place.
   */
  readonly isUsers?: boolean;
}

/**
 * Replaces a file as a whole: a temporary file next to it, flushed, with the same mode and owner,
 * renamed. For a symbolic link the target is replaced. If the content is the same, nothing is
 * written. The result is "raced" if `unchanged` returns false.
 */
export async function atomicWrite(
  target: WriteTarget,
  path: string,
  content: Buffer,
  options: WriteOptions,
): Promise<"written" | "same" | "raced"> {
  const finalPath = await resolveLinks(target, path);
  const before = await statIfExists(target.fs, finalPath);
  if (
    before !== undefined &&
    (await readIfExists(target.fs, finalPath))?.equals(content) === true
  ) {
    return "same";
  }
  try {
    if (before !== undefined && options.isUsers === true && before.nlink > 1) {
      return await writeInPlace(target, finalPath, content, options);
    }
    return await replace(target, finalPath, content, before, options);
  } catch (error) {
    if (error instanceof SshFilesError) throw error;
    throw new SshFilesError(
      `${path} could not be written (${codeOf(error) ?? String(error)}), and is unchanged. ` +
        "Check that its folder is yours and that the disk is not full.",
      { cause: error },
    );
  }
}

async function replace(
  target: WriteTarget,
  path: string,
  content: Buffer,
  before: Stats | undefined,
  options: WriteOptions,
): Promise<"written" | "raced"> {
  const { fs, platform } = target;
  const temp = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const mode = before === undefined ? options.newFileMode : before.mode & 0o7777;
    await fs.writeNew(temp, content, mode);
    if (before !== undefined && options.isUsers === true && platform !== "win32") {
      await fs.copyWithAttributes(path, temp);
      await fs.overwrite(temp, content);
    }
    if (before !== undefined) await copyOwnerAndMode(target, temp, before);
    if (options.unchanged !== undefined && !(await options.unchanged(path))) {
      await fs.unlink(temp);
      return "raced";
    }
    await renameWhenFree(target, temp, path);
    return "written";
  } catch (error) {
    await fs.unlink(temp).catch(() => undefined);
    // The file is a mount of its own, as in a container that shares a single file with its host.
    const isMount = platform !== "win32" && codeOf(error) === "EBUSY";
    if (!isMount || options.isUsers !== true || before === undefined) throw error;
    return writeInPlace(target, path, content, options);
  }
}

/** Writes into the existing file. A complete copy of the old content is next to it until then. */
async function writeInPlace(
  { fs }: WriteTarget,
  path: string,
  content: Buffer,
  { unchanged }: WriteOptions,
): Promise<"written" | "raced"> {
  const before = await fs.readFile(path);
  const copy = `${path}.gpu-dev-copy`;
  await fs.writeNew(copy, before, 0o600).catch((error: unknown) => {
    if (codeOf(error) !== "EEXIST") throw error;
    throw new SshFilesError(
      `${path} was left unchanged: ${copy} exists, so an earlier change of it was interrupted. ` +
        `If ${path} is incomplete, copy that file over it. Then delete the copy and try again.`,
      { cause: error },
    );
  });
  if (unchanged !== undefined && !(await unchanged(path))) {
    await fs.unlink(copy);
    return "raced";
  }
  try {
    await fs.overwrite(path, content);
  } catch (error) {
    await fs.overwrite(path, before).catch((cause: unknown) => {
      throw new SshFilesError(
        `${path} could not be written (${codeOf(error) ?? String(error)}) and may be incomplete. ` +
          `Its complete content is in ${copy}: copy that file over it.`,
        { cause },
      );
    });
    await fs.unlink(copy);
    throw error;
  }
  await fs.unlink(copy);
  return "written";
}

/** The file at the end of the path's symbolic links, even if that file does not exist yet. */
export async function resolveLinks(target: WriteTarget, path: string): Promise<string> {
  const paths = pathsOf(target.platform);
  let current = path;
  for (let followed = 0; followed < MAX_LINKS; followed += 1) {
    const entry = await lstatIfExists(target.fs, current);
    if (entry?.isSymbolicLink() !== true) return current;
    current = paths.resolve(paths.dirname(current), await target.fs.readlink(current));
  }
  throw new SshFilesError(
    `${path} is a symbolic link that leads back to itself. Repair the link and try again.`,
  );
}

async function copyOwnerAndMode(target: WriteTarget, temp: string, before: Stats): Promise<void> {
  if (target.platform === "win32") return;
  const created = await target.fs.stat(temp);
  // Under sudo, the replacement would belong to root, and ssh would refuse it.
  if (created.uid !== before.uid || created.gid !== before.gid) {
    await target.fs.chown(temp, before.uid, before.gid);
  }
  // The umask may have removed bits at creation.
  await target.fs.chmod(temp, before.mode & 0o7777);
}

async function renameWhenFree(target: WriteTarget, from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await target.fs.rename(from, to);
      return;
    } catch (error) {
      const isBusy = target.platform === "win32" && BUSY_CODES.includes(codeOf(error) ?? "");
      if (!isBusy || attempt >= MAX_BUSY_TRIES) throw error;
      await pause(BUSY_RETRY_MS * attempt);
    }
  }
}
