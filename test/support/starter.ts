import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readlinkSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { signal } from "../../local/src/process/processes.ts";
import { observerEnvironment } from "./observedServers.ts";
import { processesNaming, type RunningProcess } from "./processes.ts";
import { makeTempDir } from "./tempDir.ts";
import { waitFor } from "./waitFor.ts";

const MAIN = new URL("../../local/src/main.ts", import.meta.url).pathname;

/** `npm start` as a child process. */
export interface Starter {
  readonly child: ChildProcess;
  output(): string;
  /** Resolves when the ready screen is printed; throws if the process ends before that. */
  ready(): Promise<void>;
  /** Resolves with the exit code, which is null after a signal. */
  ended(): Promise<number | null>;
}

export function startLocal(dataDir: string, port: number, options: StartLocal = {}): Starter {
  const args = [options.main ?? MAIN, "--data-dir", dataDir, "--port", String(port)];
  const child = spawn(process.execPath, [...args, ...(options.args ?? [])], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...observerEnvironment(), ...options.env },
  });
  let text = "";
  const ended = once(child, "exit");
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return {
    child,
    output: () => text,
    ready: async () => {
      await waitFor(() => text.includes("Ctrl-C stops everything") || child.exitCode !== null, {
        timeoutMs: 60_000,
        describe: "the ready screen",
      });
      if (child.exitCode !== null) throw new Error(`npm start ended before it was ready:\n${text}`);
    },
    ended: async () => {
      await ended;
      return child.exitCode;
    },
  };
}

export interface StartLocal {
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** The main.ts of another checkout. */
  readonly main?: string;
}

export interface StartFolder {
  readonly path: string;
  /** The running processes of a start on this folder, including a database in another folder. */
  processes(): RunningProcess[];
  /** Ends these processes, and deletes the folder and the database. */
  remove(): Promise<void>;
}

/** A data folder for `startLocal` with a private parent, as in a home directory. */
export async function makeStartFolder(): Promise<StartFolder> {
  const dir = await makeTempDir("start");
  const path = join(dir.path, "data");
  const processes = () =>
    [path, linkedDatabase(path)].flatMap((name) => (name === null ? [] : processesNaming(name)));
  return {
    path,
    processes,
    remove: async () => {
      // Processes still run here only if a test has failed.
      for (const { pid } of processes()) signal(pid, "SIGTERM");
      await waitFor(() => processes().length === 0, {
        timeoutMs: 60_000,
        describe: "the processes of npm start to end",
      });
      const database = linkedDatabase(path);
      if (database !== null) await rm(dirname(database), { recursive: true, force: true });
      await dir.remove();
    },
  };
}

function linkedDatabase(path: string): string | null {
  try {
    return readlinkSync(join(path, "postgres"));
  } catch {
    return null;
  }
}
