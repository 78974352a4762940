import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isAlive, startMark } from "./processes.ts";
import { StartError } from "./startError.ts";

/** Who runs on a data folder. A process number alone would name whoever gets it next. */
interface Holder {
  readonly pid: number;
  readonly startMark: string | null;
  readonly url: string;
}

/**
 * Takes a data folder for this process; returns what gives it back. Throws a StartError that names the process and
 * URL already running on it. A holder that died without giving it back does not count.
 */
export async function lockFolder(path: string, url: string): Promise<() => Promise<void>> {
  const file = join(path, "running.json");
  const mine = `${file}.${String(process.pid)}`;
  const holder: Holder = { pid: process.pid, startMark: startMark(process.pid), url };
  await writeFile(mine, JSON.stringify(holder), { mode: 0o600 });
  try {
    while (!(await linked(mine, file))) await removeStale(path, file);
  } finally {
    await rm(mine, { force: true });
  }
  return () => rm(file, { force: true });
}

/** `link` makes the complete file appear at once, or fails because there is one. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function removeStale(path: string, file: string): Promise<void> {
  refuseIfAlive(path, await readHolder(file));
  const aside = `${file}.stale.${String(process.pid)}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  // Between look and rename another starter may have put its own there: then that one goes back.
  const moved = await readHolder(aside);
  if (moved && runs(moved)) await linked(aside, file);
  await rm(aside, { force: true });
}

function refuseIfAlive(path: string, holder: Holder | null): void {
  if (!holder || !runs(holder)) return;
  throw new StartError(
    "alreadyRunning",
    `Already running on ${path}: process ${String(holder.pid)}, ${holder.url}. ` +
      "Use that one, stop it with Ctrl-C, or give another folder with --data-dir (and another --port).",
  );
}

function runs(holder: Holder): boolean {
  return isAlive(holder.pid) && startMark(holder.pid) === holder.startMark;
}

async function readHolder(file: string): Promise<Holder | null> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Holder;
  } catch {
    return null;
  }
}
