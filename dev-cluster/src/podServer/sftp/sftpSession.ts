import {
  link,
  lstat,
  mkdir,
  readdir,
  readlink,
  realpath,
  rename,
  rmdir,
  stat,
  symlink,
  unlink,
} from "node:fs/promises";
import type { EventEmitter } from "node:events";
import { join, resolve } from "node:path";
import ssh2, { type SFTPWrapper } from "ssh2";
import { OUTPUT_REFUSED, sendExitStatus } from "../protocol.ts";
import {
  attributesOf,
  longName,
  openRegularFile,
  OpenHandles,
  setAttributes,
} from "./openFiles.ts";

const { STATUS_CODE } = ssh2.utils.sftp;
/** Longer reads are cut to this, which the protocol allows. */
const MAX_READ_BYTES = 256 * 1024;
const NAMES_PER_REPLY = 100;

/**
 * Serves sftp version 3 on a channel. Relative paths start at the working directory, as in any
 * login.
 */
export function serveSftp(sftp: SFTPWrapper, directory: string): void {
  const handles = new OpenHandles();
  const at = (path: string): string => resolve(directory, path);
  // One request at a time: OpenSSH's client treats responses in another order as a damaged
  // transfer.
  let previous = Promise.resolve();
  const respond = (id: number, work: Work): void => {
    previous = previous.then(work).catch((error: unknown) => {
      const { code, message } = error as NodeJS.ErrnoException;
      sftp.status(id, statusOf(code), message);
    });
    // The channel may have closed meanwhile.
    previous = previous.catch(() => undefined);
  };
  const finish = (id: number, work: () => Promise<unknown>): void => {
    respond(id, async () => {
      await work();
      sftp.status(id, STATUS_CODE.OK);
    });
  };
  const finishSession = (): void => {
    void previous.then(() => {
      sendExitStatus(sftp, 0);
      sftp.end();
    });
  };
  sftp.on("close", () => {
    void previous.then(() => handles.closeAll());
  });
  // The client closed its side: without a response it would wait forever.
  sftp.on("end", finishSession);
  // The library's types leave this event out.
  (sftp as EventEmitter).on(OUTPUT_REFUSED, finishSession);
  // A malformed packet.
  sftp.on("error", () => {
    sftp.end();
  });
  serveFiles({ sftp, handles, at, respond, finish });
  serveDirectories({ sftp, handles, at, respond, finish });
  serveNames({ sftp, handles, at, respond, finish });
}

type Work = () => Promise<void>;

interface Serving {
  readonly sftp: SFTPWrapper;
  readonly handles: OpenHandles;
  readonly at: (path: string) => string;
  /** Runs the work, which sends its own response, and reports a failure. */
  readonly respond: (id: number, work: Work) => void;
  /** Runs the work and reports its success or failure. */
  readonly finish: (id: number, work: () => Promise<unknown>) => void;
}

function serveFiles({ sftp, handles, at, respond, finish }: Serving): void {
  sftp.on("OPEN", (id, path, flags, attrs) => {
    const { mode } = attrs as { mode?: number };
    respond(id, async () => {
      const file = await openRegularFile(at(path), flags, mode);
      sftp.handle(id, handles.add(file));
    });
  });
  sftp.on("READ", (id, handle, offset, length) => {
    const read = async (): Promise<void> => {
      const buffer = Buffer.allocUnsafe(Math.min(length, MAX_READ_BYTES));
      const { bytesRead } = await handles.file(handle).read(buffer, 0, buffer.length, offset);
      if (bytesRead === 0) sftp.status(id, STATUS_CODE.EOF);
      else sftp.data(id, buffer.subarray(0, bytesRead));
    };
    respond(id, read);
  });
  sftp.on("WRITE", (id, handle, offset, data) => {
    // The data is in the connection's buffer, which the next packet overwrites.
    const bytes = Buffer.from(data);
    const write = async (): Promise<void> => {
      const file = handles.file(handle);
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offset + done);
        done += bytesWritten;
      }
    };
    finish(id, write);
  });
  const fstat = async (id: number, handle: Buffer): Promise<void> => {
    sftp.attrs(id, attributesOf(await handles.file(handle).stat()));
  };
  sftp.on("FSTAT", (id, handle) => {
    respond(id, () => fstat(id, handle));
  });
  const fsetstat = async (handle: Buffer, changes: Parameters<typeof setAttributes>[1]) =>
    setAttributes(handles.file(handle), changes);
  sftp.on("FSETSTAT", (id, handle, changes) => {
    finish(id, () => fsetstat(handle, changes));
  });
  sftp.on("CLOSE", (id, handle) => {
    finish(id, () => handles.close(handle));
  });
}

function serveDirectories({ sftp, handles, at, respond, finish }: Serving): void {
  sftp.on("OPENDIR", (id, path) => {
    const list = async (): Promise<void> => {
      const names = [".", "..", ...(await readdir(at(path)))];
      sftp.handle(id, handles.add({ path: at(path), names }));
    };
    respond(id, list);
  });
  sftp.on("READDIR", (id, handle) => {
    const next = async (): Promise<void> => {
      const listing = handles.listing(handle);
      const names = listing.names.splice(0, NAMES_PER_REPLY);
      if (names.length === 0) {
        sftp.status(id, STATUS_CODE.EOF);
        return;
      }
      const entries = await Promise.all(names.map((name) => entryOf(listing.path, name)));
      sftp.name(
        id,
        entries.filter((entry) => entry !== undefined),
      );
    };
    respond(id, next);
  });
  sftp.on("MKDIR", (id, path, attrs) => {
    const { mode } = attrs as { mode?: number };
    finish(id, () => mkdir(at(path), mode === undefined ? 0o777 : mode & 0o7777));
  });
  sftp.on("RMDIR", (id, path) => {
    finish(id, () => rmdir(at(path)));
  });
}

function serveNames({ sftp, at, respond, finish }: Serving): void {
  sftp.on("STAT", (id, path) => {
    respond(id, async () => {
      sftp.attrs(id, attributesOf(await stat(at(path))));
    });
  });
  sftp.on("LSTAT", (id, path) => {
    respond(id, async () => {
      sftp.attrs(id, attributesOf(await lstat(at(path))));
    });
  });
  sftp.on("SETSTAT", (id, path, changes) => {
    finish(id, () => setAttributes(at(path), changes));
  });
  sftp.on("REMOVE", (id, path) => {
    finish(id, () => unlink(at(path)));
  });
  sftp.on("RENAME", (id, from, to) => {
    finish(id, () => renameUnlessExists(at(from), at(to)));
  });
  sftp.on("EXTENDED", (id, name, data: Buffer | undefined) => {
    const [from, to] = data === undefined ? [] : strings(data);
    if (name === "posix-rename@openssh.com" && from !== undefined && to !== undefined) {
      finish(id, () => rename(at(from), at(to)));
    } else {
      sftp.status(id, STATUS_CODE.OP_UNSUPPORTED);
    }
  });
  const sendName = (id: number, filename: string): void => {
    // The protocol defines dummy attributes here.
    sftp.name(id, [{ filename, longname: filename, attrs: {} as never }]);
  };
  sftp.on("REALPATH", (id, path) => {
    respond(id, async () => {
      sendName(id, await realpath(at(path)).catch(() => at(path)));
    });
  });
  sftp.on("READLINK", (id, path) => {
    respond(id, async () => {
      sendName(id, await readlink(at(path)));
    });
  });
  sftp.on("SYMLINK", (id, linkPath, target) => {
    finish(id, () => symlink(target, at(linkPath)));
  });
}

async function entryOf(directory: string, name: string) {
  try {
    const stats = await lstat(join(directory, name));
    return { filename: name, longname: longName(name, stats), attrs: attributesOf(stats) };
  } catch {
    // Removed since the directory was read: leave it out of the listing.
    return undefined;
  }
}

/**
 * Version 3 must not replace an existing name; a hard link is the way to refuse that without a
 * race.
 */
async function renameUnlessExists(from: string, to: string): Promise<void> {
  const stats = await lstat(from);
  if (stats.isFile()) {
    await link(from, to);
    await unlink(from);
    return;
  }
  const existing = await lstat(to).catch(() => undefined);
  if (existing !== undefined) throw Object.assign(new Error("file exists"), { code: "EEXIST" });
  await rename(from, to);
}

function strings(data: Buffer): string[] {
  const result: string[] = [];
  for (let at = 0; at + 4 <= data.length;) {
    const end = at + 4 + data.readUInt32BE(at);
    result.push(data.toString("utf8", at + 4, end));
    at = end;
  }
  return result;
}

function statusOf(code: string | undefined): number {
  if (code === "ENOENT" || code === "ENOTDIR") return STATUS_CODE.NO_SUCH_FILE;
  if (code === "EACCES" || code === "EPERM") return STATUS_CODE.PERMISSION_DENIED;
  return STATUS_CODE.FAILURE;
}
