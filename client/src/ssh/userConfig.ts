import { codeOf } from "@gpu-dev/shared/errors.ts";
import { atomicWrite, resolveLinks, type WriteTarget } from "./atomicWrite.ts";
import { readIfExists, SshFilesError, statIfExists } from "./fileSystem.ts";
import {
  type BlockState,
  includeWorks,
  insertBlock,
  inspectBlock,
  removeBlock,
} from "./managedBlock.ts";
import { pathsOf } from "../paths.ts";

export interface UserConfig extends WriteTarget {
  /** The file that ssh reads: ~/.ssh/config, or the file that an editor's setting names. */
  readonly path: string;
  /** Our own index file, which the Include line names. */
  readonly includePath: string;
}

export type EnableResult = "added" | "moved-first" | "already" | "included-by-hand";

/** Another program may rewrite the file in between; after this many attempts we stop. */
const MAX_RACES = 10;
const OWNER_MAY_WRITE = 0o200;

/**
 * Puts the one Include line first in the user's file; call it only with the user's consent. Throws
 * SshFilesError and leaves the file unchanged if it is malformed, read-only, unreadable or not a
 * file.
 */
export async function enableInclude(config: UserConfig): Promise<EnableResult> {
  let result: EnableResult = "already";
  await edit(config, (text) => {
    const state = stateOf(config, text ?? "");
    if (isIncluded(config, state)) {
      result = state.kind === "absent" ? "included-by-hand" : "already";
      return text;
    }
    result = state.kind === "present" ? "moved-first" : "added";
    const rest = removeBlock(text ?? "");
    return insertBlock(rest.text, includeText(config), {
      madeFile: text === undefined || rest.madeFile,
    });
  });
  return result;
}

/** Removes our lines. A file that we created, and that has no other content, is deleted. */
export async function disableInclude(config: UserConfig): Promise<"removed" | "absent"> {
  let result: "removed" | "absent" = "absent";
  await edit(config, (text) => {
    if (text === undefined || stateOf(config, text).kind === "absent") {
      result = "absent";
      return text;
    }
    result = "removed";
    const removed = removeBlock(text);
    return removed.madeFile && removed.text === "" ? undefined : removed.text;
  });
  return result;
}

/** The state of our Include line, derived from the text of the user's file alone. */
export async function readInclude(config: UserConfig): Promise<BlockState> {
  const text = await readText(config);
  return inspectBlock(text ?? "", includeText(config));
}

/** True if the user's file includes our hosts. False if it can't be read or is malformed. */
export async function hasInclude(config: UserConfig): Promise<boolean> {
  try {
    return isIncluded(config, await readInclude(config));
  } catch {
    return false;
  }
}

export function isIncluded(config: UserConfig, state: BlockState): boolean {
  return includeWorks(state, includeText(config));
}

/** The path as it appears in the file, which is decoded as latin1 to keep every byte. */
function includeText(config: UserConfig): string {
  return Buffer.from(config.includePath, "utf8").toString("latin1");
}

function stateOf(config: UserConfig, text: string): Exclude<BlockState, { kind: "malformed" }> {
  const state = inspectBlock(text, includeText(config));
  if (state.kind !== "malformed") return state;
  throw new SshFilesError(
    `${config.path} was left unchanged: its gpu-dev marker lines are damaged (${state.problem}). ` +
      "Correct or delete those lines, and try again.",
  );
}

async function readText(config: UserConfig): Promise<string | undefined> {
  const content = await readIfExists(config.fs, config.path);
  if (content?.includes(0) === true) {
    throw new SshFilesError(
      `${config.path} was left unchanged: it contains NUL bytes, which ssh can't read. ` +
        "If an editor saved it as UTF-16, save it as UTF-8 and try again.",
    );
  }
  return content?.toString("latin1");
}

async function edit(
  config: UserConfig,
  change: (text: string | undefined) => string | undefined,
): Promise<void> {
  for (let race = 0; race < MAX_RACES; race += 1) {
    const before = await readText(config);
    const after = change(before);
    if (after === before) return;
    await refuseReadOnly(config);
    const unchanged = async () => (await readText(config)) === before;
    if (after === undefined) {
      if (!(await unchanged())) continue;
      if (await deleteFile(config)) return;
    }
    if (before === undefined) await makeParent(config);
    const content = Buffer.from(after ?? "", "latin1");
    const result = await write(config, content, unchanged);
    if (result !== "raced") return;
  }
  throw new SshFilesError(
    `${config.path} was left unchanged: another program keeps changing it. Try again in a moment.`,
  );
}

async function write(
  config: UserConfig,
  content: Buffer,
  unchanged: () => Promise<boolean>,
): Promise<"written" | "same" | "raced"> {
  const options = { newFileMode: 0o600, unchanged, isUsers: true };
  try {
    return await atomicWrite(config, config.path, content, options);
  } catch (error) {
    if (!(error instanceof SshFilesError)) throw error;
    const next = `To connect without it: ssh -F ${config.includePath} HOST`;
    throw new SshFilesError(`${error.message} ${next}`, { cause: error });
  }
}

/** False for a file with other names or a mount of its own, which is emptied instead. */
async function deleteFile(config: UserConfig): Promise<boolean> {
  const path = await resolveLinks(config, config.path);
  if (((await statIfExists(config.fs, path))?.nlink ?? 1) > 1) return false;
  try {
    await config.fs.unlink(path);
    return true;
  } catch (error) {
    if (codeOf(error) !== "EBUSY") throw error;
    return false;
  }
}

/**
 * A rename would replace even a read-only file, but its mode shows that the user does not want
 * changes.
 */
async function refuseReadOnly(config: UserConfig): Promise<void> {
  const stats = await statIfExists(config.fs, config.path);
  if (stats === undefined || (stats.mode & OWNER_MAY_WRITE) !== 0) return;
  throw new SshFilesError(
    `${config.path} is read-only, so it was left unchanged. Make it writable and try again, or ` +
      `connect without it: ssh -F ${config.includePath} HOST`,
  );
}

async function makeParent(config: UserConfig): Promise<void> {
  const paths = pathsOf(config.platform);
  const final = await resolveLinks(config, config.path);
  if (final === config.path) {
    await config.fs.makeDirectory(paths.dirname(final), 0o700);
    return;
  }
  if ((await statIfExists(config.fs, paths.dirname(final))) === undefined) {
    throw new SshFilesError(
      `${config.path} is a symbolic link to ${final}, whose folder does not exist. Repair the link and try again.`,
    );
  }
}
