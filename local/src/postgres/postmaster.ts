import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { Second } from "@gpu-dev/shared/durations.ts";
import { commandLine, isAlive, poll, signal } from "../process/processes.ts";

const STOP_TIMEOUT_MS = 30 * Second.ms;
const KILL_TIMEOUT_MS = 5 * Second.ms;

export interface Postmaster {
  readonly pid: number;
  readonly ready: boolean;
}

/** Reads `postmaster.pid` as pg_ctl does: line 1 is the process, line 8 the status. */
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
 * Stops a server that an earlier start left running on this data directory, and removes a stale pid
 * file. The caller holds the lock of the data folder, so no other start uses them.
 */
export async function clearEarlierServer(data: string): Promise<"nothing" | "stale" | "stopped"> {
  const earlier = await readPostmaster(data);
  if (!earlier) return "nothing";
  if (!(await isPostmaster(earlier.pid, data))) {
    await rm(pidFile(data), { force: true });
    return "stale";
  }
  await stopPostmaster(earlier.pid, "fast");
  return "stopped";
}

/**
 * `fast` ends sessions and writes a checkpoint; `immediate` writes none, so the next start recovers
 * from the log.
 */
export async function stopPostmaster(pid: number, mode: "fast" | "immediate"): Promise<void> {
  if (mode === "fast") {
    signal(pid, "SIGINT");
    if (await poll(() => !isAlive(pid), STOP_TIMEOUT_MS)) return;
  }
  signal(pid, "SIGQUIT");
  if (await poll(() => !isAlive(pid), KILL_TIMEOUT_MS)) return;
  signal(pid, "SIGKILL");
  await poll(() => !isAlive(pid), KILL_TIMEOUT_MS);
}

async function isPostmaster(pid: number, data: string): Promise<boolean> {
  const args = await commandLine(pid);
  return args.includes(data) && (args[0] ?? "").endsWith("postgres");
}

function pidFile(data: string): string {
  return join(data, "postmaster.pid");
}
