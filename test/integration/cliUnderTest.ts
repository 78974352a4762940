import { execFile } from "node:child_process";
import { stripVTControlCharacters } from "node:util";
import { spawn } from "@lydell/node-pty";
import { CLI, pathWithCli } from "../support/installedCli.ts";
import { waitFor } from "../support/waitFor.ts";

export const CTRL_C = "\u0003";
export const ENTER = "\r";

export interface CliPlace {
  readonly server: string;
  /** Of the user; the account's own is never touched. */
  readonly home: string;
  /** What to run instead of the checkout's. */
  readonly script?: string;
}

export interface CliResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface CliOnTerminal {
  /** Resolves once the text is on the screen, later than the last key. */
  sees(text: string): Promise<void>;
  press(keys: string): void;
  /** All that was printed, without colours and cursor moves. */
  printed(): string;
  ended(): Promise<number>;
  /** Ends it where it still runs. */
  stop(): void;
}

/** Runs one command with pipes, as a script does. */
export async function runCli(place: CliPlace, ...args: string[]): Promise<CliResult> {
  return new Promise((resolve) => {
    const words = [place.script ?? CLI, "--server", place.server, ...args];
    execFile(process.execPath, words, { env: environment(place) }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : error ? -1 : 0, out, err });
    });
  });
}

/** Runs one command on a pseudo-terminal, where it may ask. */
export function openCli(place: CliPlace, ...args: string[]): CliOnTerminal {
  const pty = spawn(process.execPath, [CLI, ...args], {
    name: "xterm-256color",
    cols: 80,
    rows: 40,
    cwd: place.home,
    env: { ...environment(place), TERM: "xterm-256color" },
  });
  let text = "";
  let pressedAt = 0;
  let exitCode: number | null = null;
  pty.onData((data) => (text += data));
  pty.onExit((exit) => (exitCode = exit.exitCode));
  const printed = () => stripVTControlCharacters(text).replaceAll("\r", "");
  return {
    sees: async (wanted) => {
      await waitFor(
        () => stripVTControlCharacters(text.slice(pressedAt)).includes(wanted) || exitCode !== null,
        { timeoutMs: 15_000, describe: `"${wanted}" on the terminal` },
      );
      if (exitCode !== null) throw new Error(`it ended before "${wanted}":\n${printed()}`);
    },
    press: (keys) => {
      pressedAt = text.length;
      pty.write(keys);
    },
    printed,
    ended: async () => {
      await waitFor(() => exitCode !== null, { timeoutMs: 15_000, describe: "its end" });
      return exitCode ?? -1;
    },
    stop: () => {
      if (exitCode === null) pty.kill("SIGKILL");
    },
  };
}

function environment({ home, server }: CliPlace): Record<string, string> {
  return { PATH: pathWithCli(home), HOME: home, TZ: "UTC", GPU_DEV_SERVER: server };
}
