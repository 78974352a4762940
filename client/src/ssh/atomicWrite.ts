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

/**
 * Replaces a file as a whole: a temporary file next to it, flushed, with the same mode and owner,
 * renamed. For a symbolic link the target is replaced. If the content is the same, nothing is
 * written. `unchanged` is called just before the rename; if it returns false, nothing happens and
 * the result is "raced".
 */
export async function atomicWrite(
  target: WriteTarget,
  path: string,
  content: Buffer,
  options: {
    readonly newFileMode: number;
    readonly unchanged?: (finalPath: string) => Promise<boolean>;
  },
): Promise<"written" | "same" | "raced"> {
  const { fs } = target;
  const finalPath = await resolveLinks(target, path);
  const before = await statIfExists(fs, finalPath);
  if (before !== null && (await readIfExists(fs, finalPath))?.equals(content) === true) {
    return "same";
  }
  const temp = `${finalPath}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await fs.writeNew(temp, content, before === null ? options.newFileMode : before.mode & 0o7777);
    if (before !== null) await copyOwnerAndMode(target, temp, before);
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
      `${path} could not be written (${codeOf(error) ?? String(error)}), and is unchanged. ` +
        "Check that its folder is yours and that the disk is not full.",
      { cause: error },
    );
  }
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
