import { constants, type Stats } from "node:fs";
import { chmod, chown, open, stat, truncate, utimes, type FileHandle } from "node:fs/promises";
import type { Attributes } from "ssh2";
import { Second } from "../../platform/clock.ts";

/** Bits of SSH_FXP_OPEN, draft-ietf-secsh-filexfer-02 section 6.3. */
const READ = 0x01;
const WRITE = 0x02;
const APPEND = 0x04;
const CREATE = 0x08;
const TRUNCATE = 0x10;
const EXCLUSIVE = 0x20;

const DEFAULT_MODE = 0o666;

/**
 * Opens or creates a regular file. Everything else is refused: a FIFO or a device may block, and
 * with it one of the few threads that Node has for files.
 */
export async function openRegularFile(
  path: string,
  flags: number,
  mode: number | undefined,
): Promise<FileHandle> {
  const existing = await stat(path).catch(() => undefined);
  if (existing !== undefined) refuseUnlessRegular(existing);
  // Never blocks, even if the file has become a FIFO meanwhile.
  const systemFlags = openFlags(flags) | constants.O_NONBLOCK | constants.O_NOCTTY;
  const permissions = mode === undefined ? DEFAULT_MODE : mode & 0o7777;
  const file = await open(path, systemFlags, permissions);
  try {
    refuseUnlessRegular(await file.stat());
  } catch (error) {
    await file.close();
    throw error;
  }
  return file;
}

function refuseUnlessRegular(stats: Stats): void {
  if (stats.isFile()) return;
  throw Object.assign(new Error("not a regular file"), { code: "EINVAL" });
}

function openFlags(flags: number): number {
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

/** The attributes as the protocol sends them. */
export function attributesOf(stats: Stats): Attributes {
  return {
    mode: stats.mode,
    uid: stats.uid,
    gid: stats.gid,
    size: stats.size,
    atime: Math.trunc(stats.atimeMs / Second.ms),
    mtime: Math.trunc(stats.mtimeMs / Second.ms),
  };
}

/** As `ls -l` prints it: users see this line in `sftp> ls -l`. */
export function longName(name: string, stats: Stats): string {
  const time = stats.mtime.toISOString().slice(0, 16).replace("T", " ");
  const links = String(stats.nlink).padStart(3);
  const owner = `${String(stats.uid).padEnd(8)} ${String(stats.gid).padEnd(8)}`;
  return `${modeText(stats)} ${links} ${owner} ${String(stats.size).padStart(8)} ${time} ${name}`;
}

/**
 * Applies only the attributes that the request names; access and modification time come in pairs.
 */
export async function setAttributes(
  target: string | FileHandle,
  changes: Partial<Attributes>,
): Promise<void> {
  const { mode, uid, gid, size, atime, mtime } = changes;
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

/** A directory being listed. */
export interface Listing {
  readonly path: string;
  /** The names that are not sent yet. */
  readonly names: string[];
}

export type OpenItem = FileHandle | Listing;

/** The open handles of an sftp session; they close with it. */
export class OpenHandles {
  readonly #open = new Map<number, OpenItem>();
  #next = 1;

  add(item: OpenItem): Buffer {
    const id = this.#next++;
    this.#open.set(id, item);
    const handle = Buffer.alloc(4);
    handle.writeUInt32BE(id);
    return handle;
  }

  file(handle: Buffer): FileHandle {
    const item = this.#get(handle);
    if (item === undefined || "names" in item) throw invalidHandle();
    return item;
  }

  listing(handle: Buffer): Listing {
    const item = this.#get(handle);
    if (item === undefined || !("names" in item)) throw invalidHandle();
    return item;
  }

  async close(handle: Buffer): Promise<void> {
    const item = this.#get(handle);
    if (item === undefined) throw invalidHandle();
    this.#open.delete(handle.readUInt32BE());
    if (!("names" in item)) await item.close();
  }

  async closeAll(): Promise<void> {
    const items = [...this.#open.values()];
    this.#open.clear();
    for (const item of items) {
      // A full disk may be reported only now; the client has disconnected.
      if (!("names" in item)) await item.close().catch(() => undefined);
    }
  }

  #get(handle: Buffer): OpenItem | undefined {
    return handle.length === 4 ? this.#open.get(handle.readUInt32BE()) : undefined;
  }
}

function invalidHandle(): NodeJS.ErrnoException {
  return Object.assign(new Error("invalid handle"), { code: "EBADF" });
}

function modeText(stats: Stats): string {
  const kind = stats.isDirectory() ? "d" : stats.isSymbolicLink() ? "l" : "-";
  const bits = Array.from("rwxrwxrwx").map((letter, index) =>
    (stats.mode & (1 << (8 - index))) === 0 ? "-" : letter,
  );
  return kind + bits.join("");
}
