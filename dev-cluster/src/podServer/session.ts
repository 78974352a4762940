import type { PseudoTtyInfo, ServerChannel, Session, SessionAccept } from "ssh2";
import { startPiped, type PipedProcess } from "./pipedProcess.ts";
import type { PodSettings } from "./podSettings.ts";
import { reportNotStarted } from "./sessionChannel.ts";
import { serveSftp } from "./sftp/sftpSession.ts";
import { startTerminal, type Terminal } from "./terminal.ts";

export interface SessionOptions {
  readonly settings: PodSettings;
  /** Variables that describe the connection (SSH_CONNECTION). */
  readonly variables: Readonly<Record<string, string>>;
  /** The terminals of all connections. */
  readonly terminals: Set<Terminal>;
}

const CLIENT_VARIABLE = /^(LANG|LC_[A-Z]+|TERM)$/;
/** Linux's limit for one argument of a program; the command is one argument. */
const MAX_COMMAND_BYTES = 128 * 1024 - 1;

/** Serves one session channel: a shell, a command or sftp, with or without a terminal. */
export function serveSession(session: Session, options: SessionOptions): void {
  const { settings } = options;
  const program = createSessionProgram(options);
  acceptSettings(session, program);
  session.on("shell", (accept, reject) => {
    const channel = acceptChannel(accept, reject);
    if (channel === undefined) return;
    if (program.hasTerminal()) channel.write(settings.greeting());
    program.start(channel, [settings.shell, "-l"]);
  });
  session.on("exec", (accept, reject, { command }) => {
    const channel = acceptChannel(accept, reject);
    if (channel === undefined) return;
    if (Buffer.byteLength(command) > MAX_COMMAND_BYTES) {
      reportNotStarted(channel, Object.assign(new Error("too long"), { code: "E2BIG" }));
    } else {
      program.start(channel, [settings.shell, "-c", command]);
    }
  });
  session.on("sftp", (accept, reject) => {
    const sftp = accept() as ReturnType<typeof accept> | undefined;
    if (sftp === undefined) reject();
    else serveSftp(sftp, settings.workspace);
  });
}

/** Undefined if the channel has a program already, or is closed: the request is then refused. */
function acceptChannel(
  accept: () => ServerChannel,
  reject: (() => void) | undefined,
): ServerChannel | undefined {
  const channel = accept() as ServerChannel | undefined;
  if (channel === undefined) {
    reject?.();
    return undefined;
  }
  // The library reports a write to a closed channel as an error of this stream.
  channel.stderr.on("error", () => undefined);
  channel.on("error", () => undefined);
  return channel;
}

type Reply = SessionAccept | (() => void) | undefined;

/** Applies the session's requests before and while its program runs. A client may want no reply. */
function acceptSettings(session: Session, program: SessionProgram): void {
  session.on("env", (accept: Reply, reject: Reply, { key, val }) => {
    if (program.setVariable(key, val)) accept?.();
    else reject?.();
  });
  session.on("pty", (accept: Reply, _reject, info) => {
    program.setTerminal(info);
    accept?.();
  });
  session.on("window-change", (accept: Reply, _reject, { cols, rows }) => {
    program.resize(cols, rows);
    accept?.();
  });
  session.on("signal", (accept: Reply, _reject, { name }) => {
    program.signal(`SIG${name.replace(/^SIG/, "")}` as NodeJS.Signals);
    accept?.();
  });
}

/** The program of a session, with or without a terminal. */
interface SessionProgram {
  hasTerminal(): boolean;
  setVariable(name: string, value: string): boolean;
  setTerminal(info: PseudoTtyInfo): void;
  start(channel: ServerChannel, argv: readonly [string, ...string[]]): void;
  resize(cols: number, rows: number): void;
  signal(name: NodeJS.Signals): void;
}

function createSessionProgram({ settings, variables, terminals }: SessionOptions): SessionProgram {
  const cwd = settings.workspace;
  const env: Record<string, string> = { ...settings.env, ...variables };
  let info: PseudoTtyInfo | undefined;
  let terminal: Terminal | undefined;
  let piped: PipedProcess | undefined;
  const start = (channel: ServerChannel, argv: readonly [string, ...string[]]): void => {
    if (info === undefined) {
      piped = startPiped({ channel, argv, cwd, env });
      return;
    }
    const opened = startTerminal({ channel, info, argv, cwd, env: { ...env, TERM: info.term } });
    terminal = opened;
    terminals.add(opened);
    channel.on("close", () => terminals.delete(opened));
  };
  return {
    hasTerminal: () => info !== undefined,
    setVariable: (name, value) => {
      if (!CLIENT_VARIABLE.test(name)) return false;
      env[name] = value;
      return true;
    },
    setTerminal: (requested) => {
      info = requested;
    },
    start: (channel, argv) => {
      try {
        start(channel, argv);
      } catch (error) {
        reportNotStarted(channel, error);
      }
    },
    resize: (cols, rows) => terminal?.resize(cols, rows),
    signal: (name) => {
      terminal?.signal(name);
      piped?.signal(name);
    },
  };
}
