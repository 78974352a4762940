import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { spawn as spawnTerminal } from "@lydell/node-pty";
import { Second } from "@gpu-dev/shared/durations.ts";
import { waitFor } from "./waitFor.ts";

export const TARGET = "dev@127.0.0.1";
const PROGRAM_TIMEOUT_MS = 20 * Second.ms;

/** A server on this machine's loopback, and the private key to log in with. */
export interface SshTarget {
  readonly port: number;
  readonly key: string;
}

/** Options of ssh, scp and sftp that ignore the user's own configuration. */
export function sshOptions({ port, key }: SshTarget): string[] {
  const settings = [
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "IdentitiesOnly=yes",
    "BatchMode=yes",
    "LogLevel=ERROR",
    `Port=${String(port)}`,
  ];
  return ["-F", "none", "-i", key, ...settings.flatMap((setting) => ["-o", setting])];
}

export interface ProgramOutput {
  /** Null if a signal ended the program, for example after its timeout. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** Runs a client program to its end, without a shell. */
export async function runClient(
  program: string,
  args: readonly string[],
  { input = "", env = {}, timeoutMs = PROGRAM_TIMEOUT_MS }: ProgramOptions = {},
): Promise<ProgramOutput> {
  // In its own process group, because the timeout must also end the ssh that scp and sftp start.
  const child = spawn(program, args, {
    stdio: "pipe",
    env: { ...process.env, ...env },
    detached: true,
  });
  const timer = setTimeout(() => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  }, timeoutMs);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on("error", () => undefined); // The program may end before it has read everything.
  child.stdin.end(input);
  try {
    await once(child, "close");
  } finally {
    clearTimeout(timer);
  }
  return {
    code: child.exitCode,
    stdout: Buffer.concat(stdout).toString(),
    stderr: Buffer.concat(stderr).toString(),
  };
}

/** Runs `ssh OPTION... dev@server COMMAND`; the last argument is the command. */
export function ssh(
  target: SshTarget,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramOutput> {
  const before = [...sshOptions(target), ...args.slice(0, -1)];
  return runClient("ssh", [...before, TARGET, ...args.slice(-1)], options);
}

export interface OpenClient {
  readonly output: () => string;
  readonly exited: Promise<number | null>;
  readonly close: () => Promise<void>;
}

/** An ssh that runs until it is closed. */
export function openSsh(target: SshTarget, args: readonly string[]): OpenClient {
  return openProgram("ssh", [...sshOptions(target), ...args]);
}

/** The program's input stays open after `input`. */
export function openProgram(program: string, args: readonly string[], input = ""): OpenClient {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => undefined); // The program may end before it has read everything.
  child.stdin.write(input);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  }
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const close = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  return { output: () => output, exited, close };
}

/** ssh in a real terminal on the client's side, as a user runs it. */
export interface TerminalClient {
  readonly type: (text: string) => void;
  readonly resize: (columns: number, rows: number) => void;
  /** Resolves as soon as the text printed so far matches the pattern. */
  readonly shows: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** What it has printed so far. */
  readonly output: () => string;
  readonly exited: Promise<number>;
  readonly hangUp: () => void;
}

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  /** A shell command that prepares the client's terminal. */
  readonly prepare?: string;
}

export function openTerminal(target: SshTarget, options: TerminalOptions = {}): TerminalClient {
  const { columns = 80, rows = 24, prepare = ":" } = options;
  const command = ["-c", `${prepare}; exec "$@"`, "sh", "ssh", ...sshOptions(target), TARGET];
  const terminal = spawnTerminal("/bin/sh", command, {
    cols: columns,
    rows,
    name: "xterm-256color",
  });
  let screen = "";
  terminal.onData((text) => (screen += text));
  const exited = new Promise<number>((resolve) => {
    terminal.onExit(({ exitCode }) => {
      resolve(exitCode);
    });
  });
  return {
    exited,
    output: () => screen,
    type: (text) => {
      terminal.write(text);
    },
    resize: (newColumns, newRows) => {
      terminal.resize(newColumns, newRows);
    },
    shows: async (pattern) => {
      const found = () => pattern.exec(screen);
      return waitFor(found, { describe: `${String(pattern)} on the screen` }).catch(
        (cause: unknown) => {
          throw new Error(`the screen shows ${JSON.stringify(screen)}`, { cause });
        },
      );
    },
    hangUp: () => {
      terminal.kill("SIGKILL");
    },
  };
}

/** Fetches from a port of this machine; retries until a server responds. */
export function fetchFrom(port: number): Promise<string> {
  const request = async () => (await fetch(`http://127.0.0.1:${String(port)}/`)).text();
  return waitFor(request, { describe: `a response on port ${String(port)}` });
}

/**
 * Like `fetchFrom`, through a SOCKS 5 proxy, without a library: no authentication, connect to
 * 127.0.0.1, then plain HTTP.
 */
export function fetchThroughSocks(proxy: number, port: number): Promise<string> {
  const request = () =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(proxy, "127.0.0.1", () => socket.write(Buffer.from([5, 1, 0])));
      let received = "";
      let step = 0;
      socket.on("error", reject);
      socket.on("data", (chunk: Buffer) => {
        step += 1;
        if (step === 1)
          socket.write(Buffer.from([5, 1, 0, 1, 127, 0, 0, 1, port >> 8, port & 255]));
        else if (step === 2) socket.write("GET / HTTP/1.0\r\n\r\n");
        else received += chunk.toString();
      });
      socket.on("close", () => {
        resolve(received);
      });
    });
  return waitFor(request, { describe: `a response through the proxy on port ${String(proxy)}` });
}
