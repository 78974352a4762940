import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { killTree } from "./descendants.ts";
import { startLog } from "./logFiles.ts";
import type { Part } from "./part.ts";

const STOP_MS = 30_000;

export interface ProgramOptions {
  readonly title: string;
  /** Of its log file. */
  readonly name: string;
  readonly logs: string;
  readonly script: string;
  /** Asked for when it starts: an earlier part may decide them. */
  readonly launch: () => { readonly args: readonly string[]; readonly env: NodeJS.ProcessEnv };
}

/** One of our own programs as a child: it prints one JSON line when it serves, and stops when its stdin closes. */
export class Program implements Part {
  readonly title: string;
  readonly logFile: string;
  readonly #options: ProgramOptions;
  #child: ChildProcess | null = null;

  constructor(options: ProgramOptions) {
    this.#options = options;
    this.title = options.title;
    this.logFile = join(options.logs, `${options.name}.log`);
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  async start(): Promise<void> {
    const log = await startLog(this.logFile);
    const child = this.#spawn(log.fd);
    this.#child = child;
    const ready = new Promise<void>((resolve, reject) => {
      void copyOutput(child, log, resolve);
      child.once("error", reject);
      child.once("exit", () => {
        reject(new Error(`${this.title} ended before it was ready (${this.#howItEnded()})`));
      });
    });
    await ready;
  }

  async exited(): Promise<void> {
    if (this.#child && isRunning(this.#child)) await once(this.#child, "exit");
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (!child || !isRunning(child)) return;
    const late = setTimeout(() => void this.kill(), STOP_MS);
    child.kill("SIGTERM");
    await this.exited();
    clearTimeout(late);
  }

  async kill(): Promise<void> {
    if (this.#child?.pid !== undefined && isRunning(this.#child)) await killTree(this.#child.pid);
    await this.exited();
  }

  #spawn(errorLog: number): ChildProcess {
    const { args, env } = this.#options.launch();
    return spawn(process.execPath, [this.#options.script, ...args, "--exit-with-parent"], {
      env,
      // A pipe on stdin: the kernel closes it when we die, however we die.
      stdio: ["pipe", "pipe", errorLog],
      // A group of its own: the terminal's Ctrl-C must not reach it before the orderly stop does.
      detached: true,
    });
  }

  #howItEnded(): string {
    const { exitCode, signalCode } = this.#child ?? {};
    return signalCode ? `signal ${signalCode}` : `exit code ${String(exitCode)}`;
  }
}

/** Everything printed goes to the log; the first line that says so means ready. */
async function copyOutput(child: ChildProcess, log: FileHandle, ready: () => void): Promise<void> {
  if (!child.stdout) return;
  try {
    for await (const line of createInterface(child.stdout)) {
      await log.write(`${line}\n`);
      if (line.startsWith('{"ready":true')) ready();
    }
  } finally {
    await log.close();
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}
