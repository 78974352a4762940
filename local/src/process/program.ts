import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Second } from "@gpu-dev/shared/durations.ts";
import { startLog } from "../folder/logFiles.ts";
import type { Part } from "../runner.ts";
import { killTree } from "./descendants.ts";

const STOP_TIMEOUT_MS = 30 * Second.ms;

export interface ProgramOptions {
  readonly title: string;
  /** The base name of its log file. */
  readonly name: string;
  readonly logs: string;
  readonly script: string;
  /** Called at each start, since an earlier part may decide the arguments. */
  readonly launch: () => { readonly args: readonly string[]; readonly env: NodeJS.ProcessEnv };
}

/**
 * One of our own programs as a child process, started as often as needed. It prints one JSON line
 * when it serves, and stops when its stdin closes.
 */
export function createProgram(options: ProgramOptions): Part {
  const { title } = options;
  const logFile = join(options.logs, `${options.name}.log`);
  let child: ChildProcess | undefined;
  let stopping = new AbortController();

  const exited = async (): Promise<void> => {
    if (child && isRunning(child)) await once(child, "exit");
  };
  const kill = async (): Promise<void> => {
    stopping.abort();
    if (child?.pid !== undefined && isRunning(child)) await killTree(child.pid);
    await exited();
  };
  return {
    title,
    logFile,
    exited,
    kill,
    async start() {
      stopping = new AbortController();
      const { signal } = stopping;
      const log = await startLog(logFile);
      if (signal.aborted) {
        await log.close();
        throw new Error(`${title} was stopped before it started`);
      }
      child = spawnProgram(options, log.fd);
      await ready(child, log, title);
    },
    async stop() {
      stopping.abort();
      if (!child || !isRunning(child)) return;
      const timer = setTimeout(() => void kill(), STOP_TIMEOUT_MS);
      child.kill("SIGTERM");
      await exited();
      clearTimeout(timer);
    },
  };
}

function spawnProgram({ script, launch }: ProgramOptions, errorLog: number): ChildProcess {
  const { args, env } = launch();
  return spawn(process.execPath, [script, ...args, "--exit-with-parent"], {
    env,
    // A pipe on stdin: the kernel closes it when this process dies for any reason.
    stdio: ["pipe", "pipe", errorLog],
    // In its own process group: the terminal's Ctrl-C must not reach it before the orderly stop.
    detached: true,
  });
}

async function ready(child: ChildProcess, log: FileHandle, title: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    void copyOutput(child, log, resolve);
    child.once("error", reject);
    child.once("exit", () => {
      reject(new Error(`${title} ended before it was ready (${exitText(child)})`));
    });
  });
}

/** Copies the output to the log; the line with `"ready":true` means that the program serves. */
async function copyOutput(
  child: ChildProcess,
  log: FileHandle,
  onReady: () => void,
): Promise<void> {
  if (!child.stdout) return;
  try {
    for await (const line of createInterface(child.stdout)) {
      await log.write(`${line}\n`);
      if (line.startsWith('{"ready":true')) onReady();
    }
  } finally {
    await log.close();
  }
}

function exitText({ exitCode, signalCode }: ChildProcess): string {
  return signalCode ? `signal ${signalCode}` : `exit code ${String(exitCode)}`;
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}
