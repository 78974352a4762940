import { spawn } from "node:child_process";
import { connect } from "node:net";
import { spawn as spawnTerminal } from "@lydell/node-pty";
import { requireTool, skipBecause } from "../../support/requireTool.ts";
import { waitFor } from "../../support/waitFor.ts";
import { runTool, type Output } from "../support/runTool.ts";
import type { Container } from "./container.ts";

export const TARGET = "dev@127.0.0.1";

/** Skips the suite on a machine that cannot create containers. */
export function requireContainers(context: Mocha.Context, ...tools: string[]): void {
  requireTool(context, "ssh", "ssh-keygen", "unshare", "go", ...tools);
  if (process.getuid?.() !== 0) skipBecause(context, "only root can create containers here");
}

/** Options of ssh, scp and sftp that ignore the user's own configuration. */
export function sshOptions({ port, key }: Pick<Container, "port" | "key">): string[] {
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

/** Runs `ssh OPTION... dev@container COMMAND`; the last argument is the command. */
export function ssh(
  container: Pick<Container, "port" | "key">,
  args: readonly string[],
  input = "",
): Promise<Output> {
  const before = [...sshOptions(container), ...args.slice(0, -1)];
  return runTool("ssh", [...before, TARGET, ...args.slice(-1)], { input, timeoutMs: 20_000 });
}

/** A client that runs until it is closed. */
export function openSsh(container: Container, args: readonly string[]): OpenClient {
  return openProgram("ssh", [...sshOptions(container), ...args]);
}

export function openProgram(program: string, args: readonly string[]): OpenClient {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  }
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const close = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  return { output: () => output, exited, close };
}

export interface OpenClient {
  readonly output: () => string;
  readonly exited: Promise<number | null>;
  readonly close: () => Promise<void>;
}

/** Fetches from a port of this machine, and retries until a server responds. */
export function fetchFrom(port: number): Promise<string> {
  const request = async () => (await fetch(`http://127.0.0.1:${String(port)}/`)).text();
  return waitFor(request, { describe: `a response on port ${String(port)}` });
}

/** The same through SOCKS 5, by hand: no authentication, connect to 127.0.0.1, then plain HTTP. */
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

/** ssh in a real terminal on the client's side, as a user has it. */
export interface TerminalClient {
  readonly type: (text: string) => void;
  readonly resize: (columns: number, rows: number) => void;
  /** Resolves once the screen has shown this at any time. */
  readonly shows: (pattern: RegExp) => Promise<RegExpExecArray>;
  readonly exited: Promise<number>;
  readonly hangUp: () => void;
}

export function openTerminal(container: Container, columns: number, rows: number): TerminalClient {
  const terminal = spawnTerminal("ssh", [...sshOptions(container), TARGET], {
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
    type: (text) => {
      terminal.write(text);
    },
    resize: (cols, newRows) => {
      terminal.resize(cols, newRows);
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
