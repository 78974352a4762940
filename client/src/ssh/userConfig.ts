import { posix, win32 } from "node:path";
import { atomicWrite, resolveLinks, statIfThere, type WriteTarget } from "./atomicWrite.ts";
import { type BlockState, insertBlock, inspectBlock, removeBlock } from "./managedBlock.ts";
import { readIfThere, SshFilesError } from "./sshFileSystem.ts";

export interface UserConfig extends WriteTarget {
  /** The file that ssh reads: ~/.ssh/config, or what an editor's setting names instead. */
  readonly path: string;
  /** Our own index file, which the Include line names. */
  readonly includePath: string;
}

export type EnableResult = "added" | "moved-first" | "already" | "included-by-hand";

/** Another program that writes the file all the time would keep us out; ten rereads are plenty. */
const RACES_BORNE = 10;
const OWNER_MAY_WRITE = 0o200;

/**
 * Puts the one Include line first in the user's file; call it only with the user's consent. Throws SshFilesError
 * and leaves the file untouched when it is malformed, read-only, unreadable or no file.
 */
export async function enableInclude(config: UserConfig): Promise<EnableResult> {
  let result: EnableResult = "already";
  await edit(config, (text) => {
    const state = stateOf(config, text ?? "");
    if (state.kind === "absent" && state.byHand) {
      result = "included-by-hand";
      return text;
    }
    // ssh takes the first value that it meets: any setting before ours, even for all hosts, would win.
    if (state.kind === "present" && state.place === "first" && state.include === wanted(config)) {
      result = "already";
      return text;
    }
    result = state.kind === "present" ? "moved-first" : "added";
    const rest = removeBlock(text ?? "");
    return insertBlock(rest.text, wanted(config), { madeFile: text === null || rest.madeFile });
  });
  return result;
}

/** Takes our lines out again; a file that we made and nobody used goes as a whole. */
export async function disableInclude(config: UserConfig): Promise<"removed" | "not-there"> {
  let result: "removed" | "not-there" = "not-there";
  await edit(config, (text) => {
    if (text === null || stateOf(config, text).kind === "absent") {
      result = "not-there";
      return text;
    }
    result = "removed";
    const removed = removeBlock(text);
    return removed.madeFile && removed.text === "" ? null : removed.text;
  });
  return result;
}

/** Whether ssh finds our hosts through the user's file, as far as its text tells. */
export async function readInclude(config: UserConfig): Promise<BlockState> {
  const text = await readText(config);
  return inspectBlock(text ?? "", wanted(config));
}

function wanted(config: UserConfig): string {
  return Buffer.from(config.includePath, "utf8").toString("latin1");
}

function stateOf(config: UserConfig, text: string): Exclude<BlockState, { kind: "malformed" }> {
  const state = inspectBlock(text, wanted(config));
  if (state.kind !== "malformed") return state;
  throw new SshFilesError(
    `${config.path} was left as it is: between its gpu-dev marker lines something is wrong ` +
      `(${state.why}). Put it right, or delete those lines, and try again.`,
  );
}

async function readText(config: UserConfig): Promise<string | null> {
  const content = await readIfThere(config.fs, config.path);
  if (content?.includes(0) === true) {
    throw new SshFilesError(
      `${config.path} was left as it is: it holds NUL bytes (saved as UTF-16?), which ssh can't read.`,
    );
  }
  return content?.toString("latin1") ?? null;
}

async function edit(
  config: UserConfig,
  change: (text: string | null) => string | null,
): Promise<void> {
  for (let race = 0; race < RACES_BORNE; race += 1) {
    const before = await readText(config);
    const after = change(before);
    if (after === before) return;
    await refuseReadOnly(config);
    const unchanged = async () => (await readText(config)) === before;
    if (after === null) {
      if (!(await unchanged())) continue;
      await config.fs.unlink(await resolveLinks(config, config.path));
      return;
    }
    if (before === null) await makeParent(config);
    const content = Buffer.from(after, "latin1");
    const result = await atomicWrite(config, config.path, content, {
      newFileMode: 0o600,
      unchanged,
    });
    if (result !== "raced") return;
  }
  throw new SshFilesError(
    `${config.path} was left as it is: another program keeps changing it. Try again in a moment.`,
  );
}

/** A rename would replace a read-only file all the same; its mode says that the user does not want that. */
async function refuseReadOnly(config: UserConfig): Promise<void> {
  const stats = await statIfThere(config.fs, config.path);
  if (stats === null || (stats.mode & OWNER_MAY_WRITE) !== 0) return;
  throw new SshFilesError(
    `${config.path} is read-only, so it was left as it is. Make it writable and try again, or go ` +
      `without it: ssh -F ${config.includePath} HOST`,
  );
}

async function makeParent(config: UserConfig): Promise<void> {
  const paths = config.platform === "win32" ? win32 : posix;
  const final = await resolveLinks(config, config.path);
  if (final === config.path) {
    await config.fs.makeDirectory(paths.dirname(final), 0o700);
    return;
  }
  if ((await statIfThere(config.fs, paths.dirname(final))) === null) {
    throw new SshFilesError(
      `${config.path} is a link to ${final}, whose folder does not exist. Repair the link and try again.`,
    );
  }
}
