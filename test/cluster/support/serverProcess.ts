import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { Minute, Second } from "@gpu-dev/shared/durations.ts";
import { waitFor } from "../../support/waitFor.ts";

export interface ServerProcess {
  readonly pid: number;
  /** Resolves when the process has ended. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface ServerOptions {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** Its output is appended here. */
  readonly logFile: string;
  readonly isReady: () => Promise<boolean>;
}

/**
 * Starts a server and waits until it serves; throws with the end of its log if it ends before that.
 */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const { name, program, args, logFile, isReady } = options;
  const log = openSync(logFile, "a");
  const child = spawn(program, args, { stdio: ["ignore", log, log] });
  closeSync(log);
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  try {
    await waitFor(async () => hasEnded() || (await isReady()), {
      timeoutMs: Minute.ms,
      intervalMs: 50,
      describe: `${name} to serve`,
    });
    if (hasEnded()) throw new Error("it ended");
  } catch (cause) {
    await stop(child, "SIGKILL");
    const lastLines = readFileSync(logFile, "utf8").split("\n").slice(-15).join("\n");
    throw new Error(`${name} did not start; its log ends:\n${lastLines}`, { cause });
  }
  return { pid: child.pid ?? -1, stop: (signal = "SIGTERM") => stop(child, signal) };
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  // The data of a test is thrown away, so a process that does not stop is killed.
  const killTimer = setTimeout(() => child.kill("SIGKILL"), 10 * Second.ms);
  await ended;
  clearTimeout(killTimer);
}
