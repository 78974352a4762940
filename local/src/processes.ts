import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Sends a signal; false when there is no such process any more. A negative pid names a process group. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** A zombie is dead: it holds nothing and only waits for its parent to look. */
export function isAlive(pid: number): boolean {
  if (!signal(pid, 0)) return false;
  return statFields(pid)?.[0] !== "Z";
}

/** The arguments of a process; empty when it is gone. */
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

/** Tells a process from a later one with the same number: when it started, in the kernel's ticks since boot. */
export function startMark(pid: number): string | null {
  return statFields(pid)?.[19] ?? null;
}

/** The fields of /proc/PID/stat after the command name, which may itself hold spaces and brackets. */
export function statFields(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}
