import type { PseudoTtyInfo, ServerChannel, Session, SessionAccept } from "ssh2";
import { startPiped, type PipedProcess } from "./pipedProcess.ts";
import type { PodSettings } from "./podSettings.ts";
import { serveSftp } from "./sftp/sftpSession.ts";
import { startTerminal, type Terminal } from "./terminal.ts";

const CLIENT_VARIABLE = /^(LANG|LC_[A-Z]+|TERM|COLORTERM|TZ)$/;

/** Serves one session channel: a shell, a command or sftp, with or without a terminal. */
export function serveSession(
  session: Session,
  settings: PodSettings,
  connection: Record<string, string>,
): void {
  const running = new SessionProgram(settings, connection);
  acceptSettings(session, running);
  session.on("shell", (accept) => {
    const channel = accept();
    if (running.hasTerminal) channel.write(`${settings.greeting}\r\n`);
    running.start(channel, [settings.shell, "-l"]);
  });
  session.on("exec", (accept, _reject, { command }) => {
    running.start(accept(), [settings.shell, "-c", command]);
  });
  session.on("sftp", (accept) => {
    serveSftp(accept(), settings.workspace);
  });
}

type Reply = SessionAccept | (() => void) | undefined;

/** Applies the session's requests before and while its program runs. A client may want no reply. */
function acceptSettings(session: Session, running: SessionProgram): void {
  session.on("env", (accept: Reply, reject: Reply, { key, val }) => {
    if (running.setVariable(key, val)) accept?.();
    else reject?.();
  });
  session.on("pty", (accept: Reply, _reject, info) => {
    running.setTerminal(info);
    accept?.();
  });
  session.on("window-change", (accept: Reply, _reject, { cols, rows }) => {
    running.resize(cols, rows);
    accept?.();
  });
  session.on("signal", (accept: Reply, _reject, { name }) => {
    running.signal(`SIG${name.replace(/^SIG/, "")}` as NodeJS.Signals);
    accept?.();
  });
}

/** The program of a session, with or without a terminal. */
class SessionProgram {
  readonly #cwd: string;
  readonly #env: Record<string, string>;
  #pty: PseudoTtyInfo | undefined;
  #terminal: Terminal | undefined;
  #piped: PipedProcess | undefined;

  constructor(settings: PodSettings, connection: Record<string, string>) {
    this.#cwd = settings.workspace;
    this.#env = { ...settings.env, ...connection };
  }

  get hasTerminal(): boolean {
    return this.#pty !== undefined;
  }

  setVariable(name: string, value: string): boolean {
    if (!CLIENT_VARIABLE.test(name)) return false;
    this.#env[name] = value;
    return true;
  }

  setTerminal(info: PseudoTtyInfo): void {
    this.#pty = info;
  }

  start(channel: ServerChannel, argv: readonly [string, ...string[]]): void {
    const cwd = this.#cwd;
    const info = this.#pty;
    if (info === undefined) {
      this.#piped = startPiped({ channel, argv, cwd, env: this.#env });
    } else {
      const env = { ...this.#env, TERM: info.term };
      this.#terminal = startTerminal({ channel, info, argv, cwd, env });
    }
  }

  resize(cols: number, rows: number): void {
    this.#terminal?.resize(cols, rows);
  }

  signal(name: NodeJS.Signals): void {
    this.#terminal?.signal(name);
    this.#piped?.signal(name);
  }
}
