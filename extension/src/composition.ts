import { readFile } from "node:fs/promises";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import {
  commands,
  env,
  type ExtensionContext,
  ExtensionKind,
  type LogOutputChannel,
  window,
  workspace,
} from "vscode";
import { clientPaths, deploymentName } from "@gpu-dev/client/paths.ts";
import { realFileSystem } from "@gpu-dev/client/ssh/fileSystem.ts";
import { createAccountCommands } from "./account/accountCommands.ts";
import { createAccount } from "./account/createAccount.ts";
import { createCredentialStore } from "./account/credentialStore.ts";
import { createConnect } from "./connect/connect.ts";
import { createHostSync } from "./connect/hostSync.ts";
import { watchRemoteWindow, windowLocation } from "./connect/watchRemoteWindow.ts";
import { type Disposable, disposeAll } from "./core/emitter.ts";
import { createShowFailure, type ShowFailure } from "./core/errors.ts";
import { type CommandHandler, type CommandHandlers, registerCommands } from "./core/commands.ts";
import { environmentVariables, readSettings, type Settings } from "./core/settings.ts";
import { createLive } from "./live/live.ts";
import { createEventClaims } from "./notify/eventClaims.ts";
import { createNotifications } from "./notify/notifications.ts";
import type { LogTail } from "./report/reportLog.ts";
import { createReservationCommands } from "./reservation/reservationCommands.ts";
import { createStatusBar } from "./statusBar/statusBar.ts";
import { createTreeViews } from "./tree/treeViews.ts";
import { watchWalkthrough } from "./walkthrough/watchWalkthrough.ts";

export interface CompositionOptions {
  readonly context: ExtensionContext;
  readonly log: LogOutputChannel;
  readonly tail: LogTail;
  readonly now: () => Date;
}

/**
 * The composition root: builds every part from its collaborators, for the server that the settings
 * name.
 */
export function composeExtension(options: CompositionOptions): Disposable {
  const showFailure = createShowFailure({
    log: options.log,
    showErrorMessage: (message, button) => window.showErrorMessage(message, button),
    signIn: () => void run("gpuDev.signIn"),
  });
  const environment = readEnvironment(options, showFailure);
  const core = composeCore(environment);
  const features = composeFeatures(environment, core);
  return disposeAll(
    ...composeWatchers(environment, core),
    ...features.parts,
    ...registerCommands({ commands, handlers: features.handlers, showFailure }),
    core.hostSync,
    core.live,
    core.account,
  );
}

type Environment = ReturnType<typeof readEnvironment>;
type Core = ReturnType<typeof composeCore>;

/** The machine, the server and the window, read once. */
function readEnvironment(options: CompositionOptions, showFailure: ShowFailure) {
  const { platform, execPath } = process;
  const home = homedir();
  const settings = currentSettings();
  if (settings.invalidServer !== undefined) showFailure(new Error(invalidServerText(settings)));
  return {
    ...options,
    platform,
    execPath,
    home,
    settings,
    showFailure,
    fs: realFileSystem,
    paths: clientPaths({ platform, home, env: environmentVariables }),
    /** Set if this process runs inside the pod of a reservation. */
    reservationId: environmentVariables["GPU_DEV_RESERVATION_ID"],
  };
}

/** The account, the state of the server, and the SSH hosts that follow it. */
function composeCore(environment: Environment) {
  const { context, log, now, platform, paths, settings } = environment;
  const account = createAccount({
    server: settings.server,
    secrets: context.secrets,
    keys: { platform, ...paths, identityFile: () => currentSettings().identityFile },
    userAgent: `gpu-dev-editor/${versionOf(context)}`,
    log,
    now,
  });
  const live = createLive({ account, now, log, random: Math.random });
  const hostSync = createHostSync({
    ...environment,
    account,
    live,
    explainBundle: context.asAbsolutePath(join("dist", "explain.cjs")),
  });
  return { account, live, hostSync, hosts: hostSync.hosts };
}

/** The parts that show something without a command. */
function composeWatchers(environment: Environment, core: Core): Disposable[] {
  const { context, log, now, settings, reservationId } = environment;
  const { account, live, hostSync, hosts } = core;
  const remoteWindow = watchRemoteWindow({
    live,
    now,
    log,
    location: windowLocation(reservationId),
    readHosts: () => hostSync.read(),
  });
  const deployment = deploymentName(new URL(settings.server).host);
  return [
    remoteWindow,
    watchWalkthrough({ account, live }),
    createTreeViews({ live, account, now, hosts }),
    createStatusBar({ live, now, reservationId, hostPrefix: () => hosts.prefix() }),
    createNotifications({
      live,
      account,
      now,
      claim: createEventClaims({
        folder: join(context.globalStorageUri.fsPath, "notified", deployment),
        now,
      }),
      level: () => currentSettings().notifications,
      isShownElsewhere: (event) => remoteWindow.isOf(event.reservationId ?? ""),
    }),
  ];
}

/** A handler for each command, and the parts behind the handlers. */
function composeFeatures(environment: Environment, core: Core) {
  const { context, log, now } = environment;
  const accountCommands = createAccountCommands({ account: core.account, log });
  const reserve = loadedOnce(async () => {
    const { createReserve } = await import("./reserve/reserve.ts");
    return createReserve({ ...environment, ...core, memento: context.globalState });
  });
  const connect = createConnect({
    ...environment,
    ...core,
    index: core.hostSync.index,
    reserve: () => reserve(undefined),
    openIn: () => currentSettings().openIn,
    sshReadsHome: userInfo().homedir === environment.home,
    terminalsAreElsewhere: env.remoteName !== undefined && !runsInWorkspace(context),
  });
  const reservationCommands = createReservationCommands({
    ...core,
    now,
    log,
    readAsset: (path) => readFile(context.asAbsolutePath(path), "utf8"),
    connectionOf: (reservation) => connect.connectionOf(reservation),
  });
  const handlers: CommandHandlers = {
    ...accountCommands.handlers,
    ...connect.handlers,
    ...reservationCommands.handlers,
    "gpuDev.reserve": reserve,
    "gpuDev.refresh": () => core.live.refresh(),
    "gpuDev.openSettings": () => run("workbench.action.openSettings", "gpuDev"),
    "gpuDev.showOutput": () => {
      log.show();
      return Promise.resolve();
    },
    "gpuDev.reportProblem": loadedOnce(() => composeReport(environment, core)),
  };
  return { handlers, parts: [accountCommands, connect, reservationCommands] };
}

/** A command whose code is loaded when it first runs, so that it does not delay the activation. */
function loadedOnce(load: () => Promise<CommandHandler>): CommandHandler {
  let loading: Promise<CommandHandler> | undefined;
  return async (target) => (await (loading ??= load()))(target);
}

async function composeReport(
  environment: Environment,
  { account, live, hostSync }: Core,
): Promise<CommandHandler> {
  const { createReport } = await import("./report/report.ts");
  const { context, log, now, tail, home, fs, platform, paths, settings } = environment;
  const stored = createCredentialStore({ server: settings.server, secrets: context.secrets, log });
  return createReport({
    account,
    live,
    now,
    tail,
    extensionVersion: versionOf(context),
    secrets: async () => {
      const credential = await stored.read();
      return credential === undefined ? [] : [credential.token];
    },
    machine: { home, user: userInfo().username },
    sshFiles: { fs, platform, dir: join(paths.ownDir, "ssh") },
    userConfig: { fs, platform, path: paths.userSshConfig, includePath: hostSync.index },
  });
}

function currentSettings(): Settings {
  return readSettings(workspace.getConfiguration("gpuDev"));
}

function versionOf({ extension }: ExtensionContext): string {
  const { version } = extension.packageJSON as { readonly version: string };
  return version;
}

/**
 * In a remote window: whether this process runs on the remote host, rather than on the user's own
 * machine.
 */
function runsInWorkspace({ extension }: ExtensionContext): boolean {
  return extension.extensionKind === ExtensionKind.Workspace;
}

function invalidServerText({ invalidServer, server }: Settings): string {
  return (
    `The setting gpuDev.server is ${JSON.stringify(invalidServer)}, which is not a valid server URL. ` +
    `${server} is used instead. Correct the setting to connect to your server.`
  );
}

async function run(command: string, ...args: readonly unknown[]): Promise<void> {
  await commands.executeCommand(command, ...args);
}
