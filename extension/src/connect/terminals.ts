import { commands, type Disposable, type Terminal, ThemeIcon, window } from "vscode";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { sshCommandLine } from "./sshCommandLine.ts";

export interface TerminalsOptions {
  readonly platform: NodeJS.Platform;
  /** In a remote window, terminals open over there, while ssh and its files are on the user's own machine. */
  readonly terminalsAreElsewhere: boolean;
}

export interface Terminals extends Disposable {
  /** Shows the reservation's terminal: the one that is open, or a new one that runs ssh. */
  show(reservation: Pick<Reservation, "id" | "name">, args: readonly string[]): Promise<void>;
}

export function createTerminals(options: TerminalsOptions): Terminals {
  const open = new Map<string, Terminal>();
  const closing = window.onDidCloseTerminal((terminal) => {
    for (const [id, one] of open) if (one === terminal) open.delete(id);
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
  if (terminalsAreElsewhere) return await openLocalTerminal(sshCommandLine(args, platform));
  return window.createTerminal({
    name,
    // No shell in between: nothing is quoted, and the terminal ends when the session does.
    shellPath: "ssh",
    shellArgs: [...args],
    iconPath: new ThemeIcon("vm"),
    // A session can't be brought back by starting its program again.
    isTransient: true,
  });
}

async function openLocalTerminal(commandLine: string): Promise<Terminal> {
  const before = window.activeTerminal;
  await commands.executeCommand("workbench.action.terminal.newLocal");
  const terminal = window.activeTerminal;
  if (terminal === undefined || terminal === before) {
    throw new Error(`No terminal could be opened on your own machine. There, run: ${commandLine}`);
  }
  terminal.sendText(commandLine);
  return terminal;
}
