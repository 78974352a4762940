import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { poll } from "../poll.ts";
import { commandLine, isAlive, signal } from "../processes.ts";

/** A crashed server may replay its log before it answers. */
const STOP_MS = 30_000;

export interface Postmaster {
  readonly pid: number;
  readonly ready: boolean;
}

/** What `postmaster.pid` says: line 1 is the process, line 8 the status (PostgreSQL's own pg_ctl reads the same). */
export async function readPostmaster(data: string): Promise<Postmaster | null> {
  let text: string;
  try {
    text = await readFile(pidFile(data), "utf8");
  } catch {
    return null;
  }
  const lines = text.split("\n");
  const pid = Number(lines[0]);
  return Number.isSafeInteger(pid) && pid > 0 ? { pid, ready: lines[7]?.trim() === "ready" } : null;
}

/**
 * Ends a server that an earlier life left running on this data directory, and removes a pid file that names a
 * process which is something else by now. The caller holds the data folder's lock, so neither can be in use.
 */
export async function clearEarlierLife(data: string): Promise<"nothing" | "stale" | "stopped"> {
  const earlier = await readPostmaster(data);
  if (!earlier) return "nothing";
  if (!(await isPostmaster(earlier.pid, data))) {
    await rm(pidFile(data), { force: true });
    return "stale";
  }
  await stopPostmaster(earlier.pid, "fast");
  return "stopped";
}

/** `fast` ends sessions and writes a checkpoint; `immediate` leaves the work to recovery at the next start. */
export async function stopPostmaster(pid: number, how: "fast" | "immediate"): Promise<void> {
  if (how === "fast") {
    signal(pid, "SIGINT");
    if (await poll(() => !isAlive(pid), STOP_MS)) return;
  }
  signal(pid, "SIGQUIT");
  if (await poll(() => !isAlive(pid), STOP_MS / 6)) return;
  signal(pid, "SIGKILL");
  await poll(() => !isAlive(pid), STOP_MS / 6);
}

async function isPostmaster(pid: number, data: string): Promise<boolean> {
  const args = await commandLine(pid);
  return args.includes(data) && (args[0] ?? "").endsWith("postgres");
}

function pidFile(data: string): string {
  return join(data, "postmaster.pid");
}
