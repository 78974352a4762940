import { constants } from "node:fs";
import type { Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { chmod, chown, truncate, utimes } from "node:fs/promises";
import type { Attributes } from "ssh2";

/** Bits of SSH_FXP_OPEN, draft-ietf-secsh-filexfer-02 section 6.3. */
const READ = 0x01;
const WRITE = 0x02;
const APPEND = 0x04;
const CREATE = 0x08;
const TRUNCATE = 0x10;
const EXCLUSIVE = 0x20;

export function openFlags(flags: number): number {
  const access =
    (flags & WRITE) === 0
      ? constants.O_RDONLY
      : (flags & READ) === 0
        ? constants.O_WRONLY
        : constants.O_RDWR;
  return (
    access |
    ((flags & APPEND) === 0 ? 0 : constants.O_APPEND) |
    ((flags & CREATE) === 0 ? 0 : constants.O_CREAT) |
    ((flags & TRUNCATE) === 0 ? 0 : constants.O_TRUNC) |
    ((flags & EXCLUSIVE) === 0 ? 0 : constants.O_EXCL)
  );
}

export function attributesOf(stats: Stats): Attributes {
  return {
    mode: stats.mode,
    uid: stats.uid,
    gid: stats.gid,
    size: stats.size,
    atime: Math.trunc(stats.atimeMs / 1000),
    mtime: Math.trunc(stats.mtimeMs / 1000),
  };
}

/** As `ls -l` prints it: people see this in `sftp> ls -l`. */
export function longName(name: string, stats: Stats): string {
  const time = stats.mtime.toISOString().slice(0, 16).replace("T", " ");
  const links = String(stats.nlink).padStart(3);
  const owner = `${String(stats.uid).padEnd(8)} ${String(stats.gid).padEnd(8)}`;
  return `${modeText(stats)} ${links} ${owner} ${String(stats.size).padStart(8)} ${time} ${name}`;
}

/** Applies only what the request names; times come in pairs. */
export async function setAttributes(
  target: string | FileHandle,
  wanted: Partial<Attributes>,
): Promise<void> {
  const { mode, uid, gid, size, atime, mtime } = wanted;
  const path = typeof target === "string" ? target : undefined;
  const handle = typeof target === "string" ? undefined : target;
  if (size !== undefined) await (handle?.truncate(size) ?? truncate(path ?? "", size));
  if (uid !== undefined && gid !== undefined) {
    await (handle?.chown(uid, gid) ?? chown(path ?? "", uid, gid));
  }
  if (mode !== undefined) await (handle?.chmod(mode & 0o7777) ?? chmod(path ?? "", mode & 0o7777));
  if (atime !== undefined && mtime !== undefined) {
    await (handle?.utimes(atime, mtime) ?? utimes(path ?? "", atime, mtime));
  }
}

function modeText(stats: Stats): string {
  const kind = stats.isDirectory() ? "d" : stats.isSymbolicLink() ? "l" : "-";
  const bits = Array.from("rwxrwxrwx").map((letter, index) =>
    (stats.mode & (1 << (8 - index))) === 0 ? "-" : letter,
  );
  return kind + bits.join("");
}
