import { commands, type Disposable, type Terminal, ThemeIcon, window } from "vscode";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { sshCommandLine } from "./commandLines.ts";

export interface TerminalsOptions {
  readonly platform: NodeJS.Platform;
  /**
   * In a remote window terminals open on the remote host, but ssh and its files are on the user's
   * own machine.
   */
  readonly terminalsAreElsewhere: boolean;
}

export interface Terminals extends Disposable {
  /** Shows the open terminal of a reservation, or a new one that runs ssh. */
  show(reservation: Pick<Reservation, "id" | "name">, args: readonly string[]): Promise<void>;
}

export function createTerminals(options: TerminalsOptions): Terminals {
  const open = new Map<string, Terminal>();
  const closing = window.onDidCloseTerminal((terminal) => {
    for (const [id, each] of open) if (each === terminal) open.delete(id);
  });
  return {
    show: async ({ id, name }, args) => {
      const known = open.get(id);
      const isAlive = known !== undefined && known.exitStatus === undefined;
      const terminal = isAlive ? known : await openTerminal(options, name, args);
      open.set(id, terminal);
      terminal.show();
    },
    dispose: () => {
      closing.dispose();
    },
  };
}

async function openTerminal(
  { platform, terminalsAreElsewhere }: TerminalsOptions,
  name: string,
  args: readonly string[],
): Promise<Terminal> {
  if (terminalsAreElsewhere) return openLocalTerminal(sshCommandLine(args, platform));
  return window.createTerminal({
    name,
    // Without a shell, nothing needs quoting and the terminal closes with the session.
    shellPath: "ssh",
    shellArgs: [...args],
    iconPath: new ThemeIcon("vm"),
    // Restarting ssh does not restore a session.
    isTransient: true,
  });
}

async function openLocalTerminal(commandLine: string): Promise<Terminal> {
  const before = window.activeTerminal;
  await commands.executeCommand("workbench.action.terminal.newLocal");
  const terminal = window.activeTerminal;
  if (terminal === undefined || terminal === before) {
    throw new Error(
      `Could not open a terminal on your own machine. Open one there and run: ${commandLine}`,
    );
  }
  terminal.sendText(commandLine);
  return terminal;
}
