import { Second } from "../platform/clock.ts";
import { spawn } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Containment } from "./containment.ts";
import { readProcessFile, signalProcess, sweepPod } from "./processSweep.ts";

export interface ContainerExit {
  readonly code: number;
  readonly signal: NodeJS.Signals | null;
}

export interface ContainerProcess {
  /** Settles when the first process has ended and no process of the container is left. */
  readonly exited: Promise<ContainerExit>;
  /** Sends SIGTERM, waits for the grace period, then sends SIGKILL to every process. */
  stop(graceMs: number): Promise<void>;
  /** Sends SIGKILL to every process. */
  kill(): Promise<void>;
}

export interface ContainerOptions {
  readonly uid: string;
  /** The pod's directory. */
  readonly directory: string;
  readonly hostname: string;
  readonly containment: Containment;
  readonly argv: readonly string[];
  readonly env: Record<string, string>;
  readonly cwd: string;
  /** The input of podInit.sh; undefined in plain containment. */
  readonly view: string | undefined;
  readonly log: PodLog;
}

const INIT = join(import.meta.dirname, "podInit.sh");
const PID_FILE_WAIT_MS = 2 * Second.ms;
const MAX_LOG_BYTES = 1024 * 1024;

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
  // A PID namespace ends with its first process; without one, the remaining processes must be
  // found.
  const exited = ended.then(async (exit) => {
    await sweepPod(uid);
    return exit;
  });
  const kill = async (): Promise<void> => {
    signalFirstProcess(pidFile, "SIGKILL");
    child.kill("SIGKILL");
    await exited;
  };
  const stop = async (graceMs: number): Promise<void> => {
    const ended = new AbortController();
    const grace = delay(graceMs, undefined, { signal: ended.signal }).catch(() => undefined);
    void exited.then(() => {
      ended.abort();
    });
    if (await waitForPidFile(pidFile, ended.signal)) signalFirstProcess(pidFile, "SIGTERM");
    await grace;
    await kill();
  };
  return { exited, stop, kill };
}

/** Ends the processes that an earlier run of the agent left for this pod. */
export async function endLeftovers(uid: string, directory: string): Promise<void> {
  signalFirstProcess(join(directory, "pid"), "SIGKILL");
  await sweepPod(uid);
}

/** The log of a container. See `openPodLog`. */
export interface PodLog {
  write(chunk: Buffer | string): void;
}

/**
 * Starts the log of a new run of a container. The previous run keeps its last file; the current one
 * has at most two files of 1 MiB.
 */
export function openPodLog(path: string): PodLog {
  if (existsSync(path)) renameSync(path, `${path}.previous`);
  let bytes = 0;
  return {
    write: (chunk) => {
      if (bytes > MAX_LOG_BYTES) {
        renameSync(path, `${path}.1`);
        bytes = 0;
      }
      appendFileSync(path, chunk, { mode: 0o600 });
      bytes += Buffer.byteLength(chunk);
    },
  };
}

export function readPodLog(path: string, tailLines?: number, previous = false): string {
  const files = previous ? [`${path}.previous`] : [`${path}.1`, path];
  const text = files.map((file) => (existsSync(file) ? readFileSync(file, "utf8") : "")).join("");
  if (tailLines === undefined) return text;
  const lines = text.split("\n");
  const last = lines.at(-1) === "" ? tailLines + 1 : tailLines;
  return tailLines === 0 ? "" : lines.slice(-last).join("\n");
}

function signalFirstProcess(pidFile: string, signal: NodeJS.Signals): void {
  const first = readProcessFile(pidFile);
  if (first !== undefined) signalProcess(first, signal);
}

/** The first process writes its id within milliseconds, but a stop may come even earlier. */
async function waitForPidFile(pidFile: string, ended: AbortSignal): Promise<boolean> {
  for (let waited = 0; waited < PID_FILE_WAIT_MS && !ended.aborted; waited += 5) {
    if (readProcessFile(pidFile) !== undefined) return true;
    await delay(5);
  }
  return false;
}
