import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { waitFor } from "../../support/waitFor.ts";

export interface ServerProcess {
  readonly pid: number;
  /** Resolves when it is over. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface ServerOptions {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** Everything that it says is appended here. */
  readonly logFile: string;
  readonly isReady: () => Promise<boolean>;
}

/** Starts a server and waits until it serves; throws with the end of its log when it ends before. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const { name, program, args, logFile, isReady } = options;
  const log = openSync(logFile, "a");
  const child = spawn(program, args, { stdio: ["ignore", log, log] });
  closeSync(log);
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  try {
    await waitFor(async () => isOver() || (await isReady()), {
      timeoutMs: 60_000,
      intervalMs: 50,
      describe: `${name} to serve`,
    });
    if (isOver()) throw new Error("it ended instead");
  } catch (cause) {
    await stop(child, "SIGKILL");
    const said = readFileSync(logFile, "utf8").split("\n").slice(-15).join("\n");
    throw new Error(`${name} did not start; its log ends:\n${said}`, { cause });
  }
  return { pid: child.pid ?? -1, stop: (signal = "SIGTERM") => stop(child, signal) };
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  // What does not end in order is ended: the data of a test is thrown away.
  const hard = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await ended;
  clearTimeout(hard);
}
