import type { Stats } from "node:fs";
import * as nodeFs from "node:fs/promises";

/** The few file operations that we use, so that tests can make any one of them fail or race. */
export interface SshFileSystem {
  readFile(path: string): Promise<Buffer>;
  /** Creates the file, fails when it exists, flushes it to disk. */
  writeNew(path: string, content: Buffer, mode: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  link(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  stat(path: string): Promise<Stats>;
  lstat(path: string): Promise<Stats>;
  readlink(path: string): Promise<string>;
  chmod(path: string, mode: number): Promise<void>;
  chown(path: string, uid: number, gid: number): Promise<void>;
  makeDirectory(path: string, mode: number): Promise<void>;
  readDirectory(path: string): Promise<string[]>;
}

export const realFileSystem: SshFileSystem = {
  readFile: (path) => nodeFs.readFile(path),
  writeNew: async (path, content, mode) => {
    const file = await nodeFs.open(path, "wx", mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
  },
  rename: (from, to) => nodeFs.rename(from, to),
  link: (from, to) => nodeFs.link(from, to),
  unlink: (path) => nodeFs.unlink(path),
  stat: (path) => nodeFs.stat(path),
  lstat: (path) => nodeFs.lstat(path),
  readlink: (path) => nodeFs.readlink(path),
  chmod: (path, mode) => nodeFs.chmod(path, mode),
  chown: (path, uid, gid) => nodeFs.chown(path, uid, gid),
  makeDirectory: async (path, mode) => {
    await nodeFs.mkdir(path, { recursive: true, mode });
  },
  readDirectory: (path) => nodeFs.readdir(path),
};

/** A refusal or failure around the user's ssh files, in words for the user; nothing was changed. */
export class SshFilesError extends Error {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "SshFilesError";
  }
}

export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? code : undefined;
}

/** Null only where the file is not there: a file that can't be read is an error, never "empty". */
export async function readIfThere(fs: SshFileSystem, path: string): Promise<Buffer | null> {
  try {
    return await fs.readFile(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    if (codeOf(error) === "EISDIR") {
      throw new SshFilesError(
        `${path} is a folder where a file should be. Move it away and try again.`,
        { cause: error },
      );
    }
    throw new SshFilesError(
      `${path} can't be read (${codeOf(error) ?? "unknown error"}), so it was left as it is. ` +
        "Make it readable for you and try again.",
      { cause: error },
    );
  }
}
