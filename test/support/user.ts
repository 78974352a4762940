import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Event } from "@gpu-dev/shared/api/events.ts";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { makeTempDir } from "./tempDir.ts";

const CLI = new URL("../../cli/bin/gpu-dev.js", import.meta.url).pathname;

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A user with a separate home folder, as on another machine, the command line and the real ssh. */
export interface User {
  readonly home: string;
  /** The file that `gpu-dev` generates, passed to ssh with `-F`. */
  readonly sshConfig: string;
  gpuDev(...args: string[]): Promise<Outcome>;
  /** Like `gpuDev`, but throws an error with the output if it fails, and returns stdout. */
  gpuDevDone(...args: string[]): Promise<string>;
  show(name: string): Promise<Reservation>;
  timeline(name: string): Promise<readonly Event[]>;
  ssh(...args: string[]): Promise<Outcome>;
  run(program: string, args: readonly string[], input?: string): Promise<Outcome>;
  /** Starts a program that keeps running until the user is removed. */
  background(program: string, args: readonly string[]): ChildProcess;
  remove(): Promise<void>;
}

export async function makeUser(url: string): Promise<User> {
  const dir = await makeTempDir("home");
  const home = dir.path;
  const ownDir = join(home, ".gpu-dev");
  const sshConfig = join(ownDir, "ssh/config");
  await mkdir(join(home, ".ssh"), { mode: 0o700 });
  const settings = {
    HOME: home,
    XDG_CONFIG_HOME: join(home, ".config"),
    GPU_DEV_HOME: ownDir,
    GPU_DEV_SERVER: url,
    // Without this, ssh would offer the keys of this machine's agent.
    SSH_AUTH_SOCK: "",
    TERM: "xterm-256color",
    TZ: "UTC",
  };
  const env = { ...process.env, ...settings };
  const running = new Set<ChildProcess>();
  const run = (program: string, args: readonly string[], input = "") => {
    const child = spawn(program, args, { env, cwd: home, stdio: "pipe", timeout: 30_000 });
    child.stdin.on("error", () => undefined); // The process may exit before it has read all input.
    child.stdin.end(input);
    return outcomeOf(child);
  };
  const gpuDev = (...args: string[]) => run(process.execPath, [CLI, ...args]);
  const gpuDevDone = async (...args: string[]) => {
    const { code, stdout, stderr } = await gpuDev(...args);
    if (code !== 0) throw new Error(`gpu-dev ${args.join(" ")}: ${String(code)}\n${stderr}`);
    return stdout;
  };
  return {
    home,
    sshConfig,
    run,
    gpuDev,
    gpuDevDone,
    show: async (name) => {
      const shown = await gpuDevDone("show", name, "--json");
      return (JSON.parse(shown) as { reservation: Reservation }).reservation;
    },
    timeline: async (name) => {
      const shown = await gpuDevDone("show", name, "--json");
      return (JSON.parse(shown) as { events: readonly Event[] }).events;
    },
    ssh: (...args) => run("ssh", ["-F", sshConfig, "-o", "BatchMode=yes", ...args]),
    background: (program, args) => {
      const child = spawn(program, args, { env, cwd: home, stdio: "ignore" });
      running.add(child);
      return child;
    },
    remove: async () => {
      await Promise.all([...running].map(end));
      await dir.remove();
    },
  };
}

async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const output = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
  await once(child, "close");
  return { code: child.exitCode, ...output };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}
