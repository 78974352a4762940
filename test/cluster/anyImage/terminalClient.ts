import { spawn } from "@lydell/node-pty";
import { waitFor } from "../../support/waitFor.ts";
import { sshOptions, TARGET } from "./client.ts";
import type { Container } from "./container.ts";

/** ssh in a real terminal on this side, as somebody sits before it. */
export interface TerminalClient {
  type(text: string): void;
  resize(columns: number, rows: number): void;
  /** Settles when the screen has shown this, however long ago. */
  shows(pattern: RegExp): Promise<RegExpExecArray>;
  exited: Promise<number>;
  hangUp(): void;
}

export function openTerminal(container: Container, columns: number, rows: number): TerminalClient {
  const terminal = spawn("ssh", [...sshOptions(container), TARGET], {
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
