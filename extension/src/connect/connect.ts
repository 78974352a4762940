import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { env, window } from "vscode";
import { Second } from "@gpu-dev/shared/durations.ts";
import { hostNames } from "@gpu-dev/client/ssh/hostNames.ts";
import type { CommandHandler, CommandId } from "../core/commands.ts";
import type { Disposable } from "../core/emitter.ts";
import type { Settings } from "../core/settings.ts";
import type { Connection } from "../reservation/commandOptions.ts";
import { hasInclude } from "@gpu-dev/client/ssh/userConfig.ts";
import { openRemoteWindow, type RemoteWindowOptions } from "./openRemoteWindow.ts";
import { type ReadyHost, readyHost, type ReadyHostOptions } from "./readyHost.ts";
import { sshArguments, sshCommandLine } from "./commandLines.ts";
import { createTerminals, type TerminalsOptions } from "./terminals.ts";

export interface ConnectOptions extends ReadyHostOptions, RemoteWindowOptions, TerminalsOptions {
  readonly openIn: () => Settings["openIn"];
}

export interface Connect extends Disposable {
  readonly handlers: Readonly<Record<ConnectCommand, CommandHandler>>;
  /**
   * How to connect from this machine, read from disk; undefined if the reservation has no SSH
   * host here.
   */
  readonly connectionOf: (reservation: Pick<Reservation, "id">) => Promise<Connection | undefined>;
}

type ConnectCommand = Extract<
  CommandId,
  "gpuDev.connect" | "gpuDev.connectNewWindow" | "gpuDev.openTerminal" | "gpuDev.copySshCommand"
>;

/** Connects to a reservation: a window over Remote-SSH, a terminal, or a command line to paste. */
export function createConnect(options: ConnectOptions): Connect {
  const terminals = createTerminals(options);
  const openTerminal = async (ready: ReadyHost) => {
    await terminals.show(ready.reservation, await argumentsFor(options, ready.host));
  };
  const connect = async (ready: ReadyHost, openIn: Settings["openIn"]) => {
    if ((await openRemoteWindow(options, ready, openIn)) === "terminal") await openTerminal(ready);
  };
  return {
    handlers: {
      "gpuDev.connect": async (target) => {
        await connect(await readyHost(options, target), options.openIn());
      },
      "gpuDev.connectNewWindow": async (target) => {
        await connect(await readyHost(options, target), "newWindow");
      },
      "gpuDev.openTerminal": async (target) => {
        await openTerminal(await readyHost(options, target));
      },
      "gpuDev.copySshCommand": async (target) => {
        const args = await argumentsFor(options, (await readyHost(options, target)).host);
        const commandLine = sshCommandLine(args, options.platform);
        await env.clipboard.writeText(commandLine);
        window.setStatusBarMessage(`Copied: ${commandLine}`, STATUS_MESSAGE_MS);
      },
    },
    connectionOf: async ({ id }) => {
      const state = await options.hostSync.read();
      const entry = state.live.find((each) => each.id === id);
      const host = entry && hostNames(state).get(entry);
      if (entry === undefined || host === undefined) return undefined;
      const command = sshCommandLine(await argumentsFor(options, host), options.platform);
      return { host, command, workspacePath: entry.workspacePath };
    },
    dispose: () => {
      terminals.dispose();
    },
  };
}

/** Plain `ssh HOST` if the Include line works for ssh itself, whatever file Remote-SSH reads. */
async function argumentsFor(options: ConnectOptions, host: string): Promise<string[]> {
  const { fs, platform, paths, index, sshReadsHome } = options;
  const config = { fs, platform, path: paths.userSshConfig, includePath: index };
  return sshArguments(host, sshReadsHome && (await hasInclude(config)) ? undefined : index);
}

const STATUS_MESSAGE_MS = 5 * Second.ms;
