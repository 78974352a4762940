import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const POLL_MS = 20;

/** Sends a signal; false when the process no longer exists. A negative pid is a process group. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** False for a zombie, which holds no resources and only waits for its parent to reap it. */
export function isAlive(pid: number): boolean {
  if (!signal(pid, 0)) return false;
  return statFields(pid)?.[0] !== "Z";
}

/** The arguments of a process; empty when it has ended. */
export async function commandLine(pid: number): Promise<string[]> {
  try {
    return (await readFile(`/proc/${String(pid)}/cmdline`, "utf8")).split("\0").slice(0, -1);
  } catch {
    if (process.platform === "linux") return [];
  }
  try {
    const { stdout } = await run("ps", ["-o", "args=", "-p", String(pid)]);
    return stdout.trim().split(" ");
  } catch {
    return [];
  }
}

/**
 * When a process started, in the kernel's ticks since boot: distinguishes it from a later process
 * with the same pid.
 */
export function startMark(pid: number): string | null {
  return statFields(pid)?.[19] ?? null;
}

/** The fields of /proc/PID/stat after the command name, which may contain spaces and brackets. */
export function statFields(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}

/** Polls until the condition is true; false when `timeoutMs` passed first. */
export async function poll(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
): Promise<boolean> {
  const startedAt = performance.now();
  for (;;) {
    if (await condition()) return true;
    if (performance.now() - startedAt > timeoutMs) return false;
    await delay(POLL_MS);
  }
}
