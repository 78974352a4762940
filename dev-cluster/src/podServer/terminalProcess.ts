import { spawn } from "@lydell/node-pty";
import type { PseudoTtyInfo, ServerChannel } from "ssh2";
import { reportExit } from "./exitReport.ts";
import { sttyArguments } from "./terminalModes.ts";

export interface Terminal {
  resize(cols: number, rows: number): void;
  signal(name: NodeJS.Signals): void;
}

export interface TerminalOptions {
  channel: ServerChannel;
  info: PseudoTtyInfo;
  argv: readonly string[];
  cwd: string;
  env: Record<string, string>;
}

/** What the library has at run time and its types leave out: bytes in both directions. */
interface ByteTerminal {
  onData(listener: (data: Buffer) => void): void;
  write(data: Buffer): void;
}

/** Sets the modes in the terminal itself, then becomes the program: nothing runs in between. */
const SET_MODES = 'modes=$1; shift; [ -z "$modes" ] || stty $modes >/dev/null 2>&1; exec "$@"';

/** Runs a program on a new terminal and joins it with the channel. Losing the channel hangs the terminal up. */
export function startTerminal({ channel, info, argv, cwd, env }: TerminalOptions): Terminal {
  const modes = sttyArguments(info.modes).join(" ");
  const terminal = spawn("/bin/sh", ["-c", SET_MODES, "sh", modes, ...argv], {
    name: info.term === "" ? "xterm" : info.term,
    cols: atLeastOne(info.cols, 80),
    rows: atLeastOne(info.rows, 24),
    cwd,
    env,
    encoding: null,
  });
  const bytes = terminal as unknown as ByteTerminal;
  let over = false;
  bytes.onData((data) => {
    if (!channel.writable || channel.write(data)) return;
    terminal.pause();
    channel.once("drain", () => {
      terminal.resume();
    });
  });
  channel.on("data", (data: Buffer) => {
    if (!over) bytes.write(data);
  });
  const hangUp = (): void => {
    if (!over) sendSignal(-terminal.pid, "SIGHUP");
    terminal.resume();
  };
  channel.on("close", hangUp);
  channel.on("error", hangUp);
  terminal.onExit(({ exitCode, signal }) => {
    over = true;
    reportExit(channel, exitCode, signal);
  });
  return {
    resize: (cols, rows) => {
      if (!over) terminal.resize(atLeastOne(cols, 80), atLeastOne(rows, 24));
    },
    signal: (name) => {
      if (!over) sendSignal(-terminal.pid, name);
    },
  };
}

function atLeastOne(value: number, otherwise: number): number {
  return value > 0 ? value : otherwise;
}

function sendSignal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // The group is gone already: that is what the signal was for.
  }
}
