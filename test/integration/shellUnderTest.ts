import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { spawn } from "@lydell/node-pty";
import { waitFor } from "../support/waitFor.ts";

export const TAB = "\t";
const CTRL_U = "\u0015";

export type ShellName = "bash" | "zsh" | "fish";

/** An interactive shell on a pseudo-terminal, with gpu-dev on its PATH and completion loaded. */
export interface ShellOnTerminal {
  /** Types on an empty line, presses Tab, and resolves once the line or the list shows `wanted`. */
  completes(typed: string, wanted: string | RegExp): Promise<void>;
  /** What was printed since the last key, without colours and cursor moves. */
  printed(): string;
  stop(): void;
}

export interface ShellPlace {
  readonly home: string;
  readonly server: string;
  /** The program that `gpu-dev` on the PATH runs: a command line of sh. */
  readonly program: string;
}

const START: Readonly<Record<ShellName, { args: string[]; load: string }>> = {
  bash: { args: ["--noprofile", "--norc", "-i"], load: "source <(gpu-dev completion bash)" },
  zsh: {
    args: ["-f", "-i"],
    load: "autoload -U compinit; compinit -u; source <(gpu-dev completion zsh)",
  },
  fish: { args: ["--no-config", "-i"], load: "gpu-dev completion fish | source" },
};

export async function openShell(shell: ShellName, place: ShellPlace): Promise<ShellOnTerminal> {
  const bin = join(place.home, "bin");
  await mkdir(bin, { recursive: true });
  const script = `#!/bin/sh\nexec ${place.program} "$@"\n`;
  await writeFile(join(bin, "gpu-dev"), script, { mode: 0o755 });
  const pty = spawn(shell, START[shell].args, {
    name: "xterm",
    cols: 100,
    rows: 40,
    cwd: place.home,
    env: {
      PATH: `${bin}:${process.env["PATH"] ?? ""}`,
      HOME: place.home,
      GPU_DEV_SERVER: place.server,
      PS1: "$ ",
      PROMPT: "$ ",
      TERM: "xterm",
      TZ: "UTC",
    },
  });
  let text = "";
  let since = 0;
  pty.onData((data) => (text += data));
  const printed = () => stripVTControlCharacters(text.slice(since)).replaceAll("\r", "");
  const sees = async (wanted: string | RegExp) => {
    const isSeen = () =>
      typeof wanted === "string" ? printed().includes(wanted) : wanted.test(printed());
    await waitFor(isSeen, { timeoutMs: 20_000, describe: `${String(wanted)} in ${shell}` }).catch(
      (error: unknown) => {
        throw new Error(`${shell} shows:\n${printed()}`, { cause: error });
      },
    );
  };
  const press = (keys: string) => {
    since = text.length;
    pty.write(keys);
  };
  press(`${START[shell].load}; echo load""ed\r`);
  await sees("loaded");
  return {
    completes: async (typed, wanted) => {
      press(`${CTRL_U}${typed}${TAB}`);
      await sees(wanted);
    },
    printed,
    stop: () => {
      pty.kill("SIGKILL");
    },
  };
}
