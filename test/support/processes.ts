import { readdirSync, readFileSync } from "node:fs";

export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/**
 * Processes with the marker `NAME=value` in their environment. Descendants inherit it, even those
 * that leave the process group.
 */
export function processesWith(marker: string): RunningProcess[] {
  return pids()
    .filter((pid) => pid !== process.pid && environment(pid).includes(marker))
    .flatMap((pid) => describeProcess(pid) ?? []);
}

/** Processes whose command line contains `text`. */
export function processesNaming(text: string): RunningProcess[] {
  return pids()
    .flatMap((pid) => describeProcess(pid) ?? [])
    .filter(({ pid, command }) => pid !== process.pid && command.includes(text));
}

/** Children of a process, by default of this one, that are still alive. */
export function childrenOf(parent = process.pid): RunningProcess[] {
  return pids()
    .flatMap((pid) => describeProcess(pid) ?? [])
    .filter((child) => child.parent === parent);
}

function pids(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function environment(pid: number): string[] {
  return read(`/proc/${String(pid)}/environ`).split("\0");
}

/** Null for ended processes, and for zombies, which only wait for their parent to reap them. */
function describeProcess(pid: number): RunningProcess | null {
  const stat = read(`/proc/${String(pid)}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (stat === "" || fields[0] === "Z") return null;
  const command = read(`/proc/${String(pid)}/cmdline`)
    .replaceAll("\0", " ")
    .trim();
  return { pid, parent: Number(fields[1]), command };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
