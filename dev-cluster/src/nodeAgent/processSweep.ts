import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** A process, distinguishable from a later one with the same id. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: string;
}

/** Reads the file that podInit.sh writes: its own line of /proc. Undefined if it does not exist. */
export function readProcessFile(path: string): ProcessIdentity | undefined {
  try {
    return parseStat(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** Sends the signal to exactly that process; returns whether it was running. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch {
    return false;
  }
}

export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  try {
    return parseStat(readFileSync(`/proc/${String(pid)}/stat`, "utf8"))?.startTime === startTime;
  } catch {
    return false;
  }
}

/**
 * Kills every process whose environment contains the pod's uid, repeatedly until none is left,
 * because a process may fork during the search. Finds processes that left their group and session,
 * but not those that cleared their environment.
 */
export async function sweepPod(uid: string): Promise<void> {
  const marker = `GPU_DEV_POD_UID=${uid}`;
  for (let round = 0; round < 200; round += 1) {
    const remaining = processesWith(marker);
    if (remaining.length === 0) return;
    for (const pid of remaining) kill(pid);
    await delay(10);
  }
  throw new Error(`Processes of pod ${uid} do not end: ${processesWith(marker).join(", ")}.`);
}

function processesWith(marker: string): number[] {
  const found: number[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // A zombie has no environment and is not found: it has already ended.
      const environment = readFileSync(`/proc/${name}/environ`, "latin1");
      if (environment.split("\0").includes(marker)) found.push(Number(name));
    } catch {
      // Another user's, or ended meanwhile.
    }
  }
  return found;
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Ended meanwhile.
  }
}

/**
 * The command name in parentheses may contain spaces; numbers follow it. Start time is field 22.
 */
function parseStat(stat: string): ProcessIdentity | undefined {
  const after = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const startTime = after[19];
  const pid = Number.parseInt(stat, 10);
  return startTime === undefined || Number.isNaN(pid) ? undefined : { pid, startTime };
}
