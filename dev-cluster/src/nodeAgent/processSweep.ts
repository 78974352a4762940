import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** A process as told apart from a later one that got the same number. */
export interface ProcessIdentity {
  pid: number;
  startTime: string;
}

/** Reads what podInit.sh wrote: its own line of /proc. Undefined when there is none. */
export function readProcessFile(path: string): ProcessIdentity | undefined {
  try {
    return parseStat(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** Sends the signal to that very process; answers whether it was there. */
export function signalProcess(process_: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(process_)) return false;
  try {
    process.kill(process_.pid, signal);
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
 * Kills every process whose environment carries the pod's uid, again and again until none is left: one of them may
 * have forked while we looked. Finds what left its process group and its session, but not what wiped its environment.
 */
export async function sweepPod(uid: string): Promise<void> {
  const marker = `GPU_DEV_POD_UID=${uid}`;
  for (let round = 0; round < 200; round += 1) {
    const left = processesWith(marker);
    if (left.length === 0) return;
    for (const pid of left) kill(pid);
    await delay(10);
  }
  throw new Error(`Processes of pod ${uid} don't end: ${processesWith(marker).join(", ")}.`);
}

function processesWith(marker: string): number[] {
  const found: number[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // A zombie has no environment any more and so is not found: there is nothing left of it to end.
      const environment = readFileSync(`/proc/${name}/environ`, "latin1");
      if (environment.split("\0").includes(marker)) found.push(Number(name));
    } catch {
      // Another user's, or gone since.
    }
  }
  return found;
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone since.
  }
}

/** The command name in parentheses may hold spaces; what follows it is numbers. Start time is the 22nd field. */
function parseStat(stat: string): ProcessIdentity | undefined {
  const after = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const startTime = after[19];
  const pid = Number.parseInt(stat, 10);
  return startTime === undefined || Number.isNaN(pid) ? undefined : { pid, startTime };
}
