import type { PseudoTtyInfo, ServerChannel, Session, SessionAccept } from "ssh2";
import { startPiped } from "./pipedProcess.ts";
import type { PipedProcess } from "./pipedProcess.ts";
import type { PodSettings } from "./podSettings.ts";
import { serveSftp } from "./sftp/sftpSession.ts";
import { startTerminal } from "./terminalProcess.ts";
import type { Terminal } from "./terminalProcess.ts";

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

type Answer = SessionAccept | (() => void) | undefined;

/** What a client says about its session before and while a program runs. Each answer is optional on the wire. */
function acceptSettings(session: Session, running: SessionProgram): void {
  session.on("env", (accept: Answer, reject: Answer, { key, val }) => {
    if (running.setVariable(key, val)) accept?.();
    else reject?.();
  });
  session.on("pty", (accept: Answer, _reject, info) => {
    running.setTerminal(info);
    accept?.();
  });
  session.on("window-change", (accept: Answer, _reject, { cols, rows }) => {
    running.resize(cols, rows);
    accept?.();
  });
  session.on("signal", (accept: Answer, _reject, { name }) => {
    running.signal(`SIG${name.replace(/^SIG/, "")}` as NodeJS.Signals);
    accept?.();
  });
}

/** The one program of a session, with or without a terminal. */
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
