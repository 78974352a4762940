import { execFile } from "node:child_process";
import type { Stats } from "node:fs";
import * as nodeFs from "node:fs/promises";
import { promisify } from "node:util";
import { codeOf } from "@gpu-dev/shared/errors.ts";
import { type LockFileSystem, lockFileSystem } from "@gpu-dev/shared/fileLock.ts";

/** The few file operations that we use, so that tests can make any of them fail or race. */
export interface SshFileSystem extends LockFileSystem {
  stat(path: string): Promise<Stats>;
  lstat(path: string): Promise<Stats>;
  readlink(path: string): Promise<string>;
  chmod(path: string, mode: number): Promise<void>;
  chown(path: string, uid: number, gid: number): Promise<void>;
  makeDirectory(path: string, mode: number): Promise<void>;
  readDirectory(path: string): Promise<string[]>;
  /** Replaces the content of an existing file, and flushes it to disk. */
  overwrite(path: string, content: Buffer): Promise<void>;
  /** Copies a file over another one, with its access list and extended attributes where it can. */
  copyWithAttributes(from: string, to: string): Promise<void>;
}

export const realFileSystem: SshFileSystem = {
  ...lockFileSystem,
  lstat: (path) => nodeFs.lstat(path),
  readlink: (path) => nodeFs.readlink(path),
  chmod: (path, mode) => nodeFs.chmod(path, mode),
  chown: (path, uid, gid) => nodeFs.chown(path, uid, gid),
  makeDirectory: async (path, mode) => {
    await nodeFs.mkdir(path, { recursive: true, mode });
  },
  readDirectory: (path) => nodeFs.readdir(path),
  overwrite: async (path, content) => {
    const file = await nodeFs.open(path, "r+");
    try {
      await file.writeFile(content);
      await file.truncate(content.length);
      await file.sync();
    } finally {
      await file.close();
    }
  },
  copyWithAttributes: async (from, to) => {
    // Node has no call for these attributes. Only GNU cp has the long option.
    for (const option of ["--preserve=all", "-p"]) {
      const copied = await promisify(execFile)("cp", [option, "--", from, to]).then(
        () => true,
        () => false,
      );
      if (copied) return;
    }
  },
};

/**
 * A refusal or failure that concerns the user's SSH files; nothing was changed. The message is for
 * users.
 */
export class SshFilesError extends Error {
  override readonly name = "SshFilesError";
}

/** Undefined if the file does not exist. A file that can't be read is an error, never empty. */
export async function readIfExists(fs: SshFileSystem, path: string): Promise<Buffer | undefined> {
  try {
    return await fs.readFile(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT") return undefined;
    if (code === "EISDIR") {
      throw new SshFilesError(
        `${path} is a folder, but a file is expected. Move the folder and try again.`,
        { cause: error },
      );
    }
    throw new SshFilesError(
      `${path} can't be read (${code ?? "unknown error"}), so it was left unchanged. ` +
        "Make it readable for you and try again.",
      { cause: error },
    );
  }
}

export async function statIfExists(fs: SshFileSystem, path: string): Promise<Stats | undefined> {
  return absentAsUndefined(fs.stat(path));
}

export async function lstatIfExists(fs: SshFileSystem, path: string): Promise<Stats | undefined> {
  return absentAsUndefined(fs.lstat(path));
}

async function absentAsUndefined(stats: Promise<Stats>): Promise<Stats | undefined> {
  try {
    return await stats;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
