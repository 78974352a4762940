import { spawn } from "@lydell/node-pty";
import type { EventEmitter } from "node:events";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import type { PseudoTtyInfo, ServerChannel, TerminalModes } from "ssh2";
import { OUTPUT_REFUSED } from "./protocol.ts";
import { reportExit, signalGroup } from "./sessionChannel.ts";

export interface Terminal {
  resize(cols: number, rows: number): void;
  signal(name: NodeJS.Signals): void;
  /** Shows a text of the server between the program's own output, as wall(1) does. */
  notify(text: string): void;
}

export interface TerminalOptions {
  readonly channel: ServerChannel;
  readonly info: PseudoTtyInfo;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Members that the library's types omit. */
interface ByteTerminal extends EventEmitter {
  readonly ptsName: string;
  onData(listener: (data: Buffer) => void): void;
  write(data: Buffer): void;
}

/**
 * Sets the modes in the terminal itself, then becomes the program: no other process runs in
 * between.
 */
const SET_MODES = 'modes=$1; shift; [ -z "$modes" ] || stty $modes >/dev/null 2>&1; exec "$@"';

/**
 * Runs a program on a new terminal and connects it to the channel. A closed channel hangs it up.
 */
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
  // The library throws an error of the terminal unless there is a listener in addition to its own.
  bytes.on("error", () => undefined);
  let hasExited = false;
  bytes.onData((data) => {
    if (!channel.writable || channel.write(data)) return;
    terminal.pause();
    channel.once("drain", () => {
      terminal.resume();
    });
  });
  channel.on("data", (data: Buffer) => {
    if (!hasExited) bytes.write(data);
  });
  const hangUp = (): void => {
    if (!hasExited) signalGroup(terminal.pid, "SIGHUP");
    terminal.resume();
  };
  channel.on("close", hangUp);
  channel.on("error", hangUp);
  channel.on(OUTPUT_REFUSED, hangUp);
  terminal.onExit(({ exitCode, signal }) => {
    hasExited = true;
    reportExit(channel, exitCode, signal);
  });
  return {
    resize: (cols, rows) => {
      if (hasExited) return;
      try {
        terminal.resize(atLeastOne(cols, 80), atLeastOne(rows, 24));
      } catch {
        // The program has just ended, and with it the terminal.
      }
    },
    signal: (name) => {
      if (!hasExited) signalGroup(terminal.pid, name);
    },
    notify: (text) => {
      if (!hasExited) writeToTerminal(bytes.ptsName, text);
    },
  };
}

/**
 * Writes on the program's side of the terminal: the kernel never puts the text inside another write
 * of the program, such as an escape sequence. A stopped terminal (Ctrl-S) accepts nothing and is
 * left alone.
 */
function writeToTerminal(path: string, text: string): void {
  try {
    const flags = constants.O_WRONLY | constants.O_NOCTTY | constants.O_NONBLOCK;
    const file = openSync(path, flags);
    try {
      writeSync(file, text);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    process.stderr.write(`No notice could be written to ${path}: ${String(error)}\n`);
  }
}

const MAX_TERMINAL_SIZE = 0xffff;

function atLeastOne(value: number, fallback: number): number {
  return value > 0 && value <= MAX_TERMINAL_SIZE ? value : fallback;
}

/** Control characters: the name in the request and its stty name. */
const CHARACTERS = {
  VINTR: "intr",
  VQUIT: "quit",
  VERASE: "erase",
  VKILL: "kill",
  VEOF: "eof",
  VSTART: "start",
  VSTOP: "stop",
  VSUSP: "susp",
  VWERASE: "werase",
  VLNEXT: "lnext",
  VREPRINT: "rprnt",
} as const;

/** Flags: the name in the request and its stty name. */
const FLAGS = {
  IGNPAR: "ignpar",
  INLCR: "inlcr",
  IGNCR: "igncr",
  ICRNL: "icrnl",
  IXON: "ixon",
  IXANY: "ixany",
  IXOFF: "ixoff",
  IUTF8: "iutf8",
  ISIG: "isig",
  ICANON: "icanon",
  ECHO: "echo",
  ECHOE: "echoe",
  ECHOK: "echok",
  ECHONL: "echonl",
  NOFLSH: "noflsh",
  TOSTOP: "tostop",
  IEXTEN: "iexten",
  OPOST: "opost",
  ONLCR: "onlcr",
  OCRNL: "ocrnl",
  ONOCR: "onocr",
  ONLRET: "onlret",
} as const;

/** The arguments with which stty gives a new terminal the modes of the client's terminal. */
function sttyArguments(modes: TerminalModes): string[] {
  const requested = modes as Record<string, number | undefined>;
  const result: string[] = [];
  for (const [name, sttyName] of Object.entries(CHARACTERS)) {
    const code = requested[name];
    if (code === 255) result.push(sttyName, "undef");
    else if (code !== undefined && code > 0) result.push(sttyName, characterName(code));
  }
  for (const [name, sttyName] of Object.entries(FLAGS)) {
    const value = requested[name];
    if (value !== undefined) result.push(value === 0 ? `-${sttyName}` : sttyName);
  }
  return result;
}

function characterName(code: number): string {
  if (code === 127) return "^?";
  return code < 32 ? `^${String.fromCharCode(code + 64)}` : String.fromCharCode(code);
}
