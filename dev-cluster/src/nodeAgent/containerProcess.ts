import { spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Containment } from "./containment.ts";
import type { PodLog } from "./podLog.ts";
import { readProcessFile, signalProcess, sweepPod } from "./processSweep.ts";

export interface ContainerExit {
  code: number;
  signal: NodeJS.Signals | null;
}

export interface ContainerProcess {
  /** Settles when the first process has ended and nothing of the container is left. */
  exited: Promise<ContainerExit>;
  /** SIGTERM, time to end, then SIGKILL for everything. */
  stop(graceMillis: number): Promise<void>;
  /** SIGKILL for everything. */
  kill(): Promise<void>;
}

export interface ContainerOptions {
  uid: string;
  /** The pod's directory. */
  directory: string;
  hostname: string;
  containment: Containment;
  argv: readonly string[];
  env: Record<string, string>;
  cwd: string;
  /** What podInit.sh reads; undefined in plain containment. */
  view: string | undefined;
  log: PodLog;
}

const INIT = join(import.meta.dirname, "podInit.sh");
const PID_FILE_WAIT_MILLIS = 2_000;

export function startContainer(options: ContainerOptions): ContainerProcess {
  const { uid, directory, hostname, containment, argv, env, cwd, view, log } = options;
  const pidFile = join(directory, "pid");
  const viewFile = join(directory, "mounts");
  rmSync(pidFile, { force: true });
  rmSync(viewFile, { force: true });
  if (view !== undefined) writeFileSync(viewFile, view, { mode: 0o600 });
  const command = [...containment.prefix, "/bin/sh", INIT, directory, hostname, ...argv];
  const child = spawn(command[0] ?? "/bin/sh", command.slice(1), {
    cwd,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.on("data", (chunk: Buffer) => {
    log.write(chunk);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    log.write(chunk);
  });
  const ended = new Promise<ContainerExit>((resolve) => {
    child.once("error", (error) => {
      log.write(`The container can't be started: ${error.message}\n`);
      resolve({ code: 128, signal: null });
    });
    child.once("exit", (code, signal) => {
      resolve({ code: code ?? 137, signal });
    });
  });
  // The PID namespace ends with its first process; without one, what is left has to be looked for.
  const exited = ended.then(async (exit) => {
    await sweepPod(uid);
    return exit;
  });
  const kill = async (): Promise<void> => {
    signalFirst(pidFile, "SIGKILL");
    child.kill("SIGKILL");
    await exited;
  };
  const stop = async (graceMillis: number): Promise<void> => {
    const over = new AbortController();
    const grace = delay(graceMillis, undefined, { signal: over.signal }).catch(() => undefined);
    void exited.then(() => {
      over.abort();
    });
    if (await waitForPidFile(pidFile, over.signal)) signalFirst(pidFile, "SIGTERM");
    await grace;
    await kill();
  };
  return { exited, stop, kill };
}

/** Ends what an earlier life of the agent left running for this pod. */
export async function endLeftovers(uid: string, directory: string): Promise<void> {
  signalFirst(join(directory, "pid"), "SIGKILL");
  await sweepPod(uid);
}

function signalFirst(pidFile: string, signal: NodeJS.Signals): void {
  const first = readProcessFile(pidFile);
  if (first !== undefined) signalProcess(first, signal);
}

/** The first process says who it is within milliseconds; a stop may come earlier than that. */
async function waitForPidFile(pidFile: string, over: AbortSignal): Promise<boolean> {
  for (let waited = 0; waited < PID_FILE_WAIT_MILLIS && !over.aborted; waited += 5) {
    if (readProcessFile(pidFile) !== undefined) return true;
    await delay(5);
  }
  return false;
}
