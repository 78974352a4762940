import { join } from "node:path";
import { tryFileLock } from "@gpu-dev/shared/fileLock.ts";
import { isAlive, startMark } from "../process/processes.ts";
import { StartError } from "../startError.ts";

/**
 * The process that uses a data folder. The start mark is needed because the system reuses process
 * numbers.
 */
interface Holder {
  readonly pid: number;
  readonly startMark: string | null;
  readonly url: string;
}

/**
 * Locks a data folder for this process and takes over the lock of a process that died. Throws a
 * StartError that names the process and URL already running on it.
 * @returns the function that releases the lock
 */
export async function lockFolder(path: string, url: string): Promise<() => Promise<void>> {
  const holder: Holder = { pid: process.pid, startMark: startMark(process.pid), url };
  const lock = {
    path: join(path, "running.json"),
    content: JSON.stringify(holder),
    isStale: ({ content }: { readonly content: string }) => !isRunning(parseHolder(content)),
  };
  for (;;) {
    const result = await tryFileLock(lock);
    if (result.kind === "acquired") return result.release;
    refuseIfRunning(path, parseHolder(result.holder?.content ?? ""));
  }
}

function refuseIfRunning(path: string, holder: Holder | null): void {
  if (holder === null || !isRunning(holder)) return;
  throw new StartError(
    "alreadyRunning",
    `Already running on ${path}: process ${String(holder.pid)}, ${holder.url}. ` +
      "Use that one, stop it with Ctrl-C, or give another folder with --data-dir (and another --port).",
  );
}

function isRunning(holder: Holder | null): boolean {
  return holder !== null && isAlive(holder.pid) && startMark(holder.pid) === holder.startMark;
}

function parseHolder(text: string): Holder | null {
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return null;
  }
}
