import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import { commands, env, type ExtensionContext, ExtensionKind, type LogOutputChannel } from "vscode";
import { deploymentName } from "@gpu-dev/client/ssh/deploymentPaths.ts";
import { realFileSystem } from "@gpu-dev/client/ssh/sshFileSystem.ts";
import { createAccountCommands } from "./account/accountCommands.ts";
import { createAccount } from "./account/createAccount.ts";
import { createCredentialStore } from "./account/credentialStore.ts";
import { environment } from "./config.ts";
import { createConnect } from "./connect/connect.ts";
import { extensionPaths } from "./connect/extensionPaths.ts";
import { createHostSync } from "./connect/hostSync.ts";
import { watchRemoteWindow } from "./connect/watchRemoteWindow.ts";
import type { Disposable } from "./core/emitter.ts";
import { createShowFailure, type ShowFailure } from "./core/failure.ts";
import { type CommandHandlers, registerCommands } from "./core/registerCommands.ts";
import { readSettings, type Settings } from "./core/settings.ts";
import { createLive } from "./live/createLive.ts";
import { createEventClaims } from "./notify/eventClaims.ts";
import { createNotifications } from "./notify/notifications.ts";
import type { LogTail } from "./report/logTail.ts";
import { createReport } from "./report/report.ts";
import { createReservationCommands } from "./reservation/reservationCommands.ts";
import { createReserve } from "./reserve/reserve.ts";
import { hereNow } from "./statusBar/hereNow.ts";
import { createStatusBar } from "./statusBar/statusBar.ts";
import { createTreeViews } from "./tree/treeViews.ts";

export interface CompositionOptions {
  readonly context: ExtensionContext;
  readonly log: LogOutputChannel;
  readonly tail: LogTail;
  readonly now: () => Date;
}

/** Builds every part from what it uses, for the server that the settings name. Nothing else builds one. */
export function composeExtension(options: CompositionOptions): Disposable {
  const showFailure = createShowFailure({
    log: options.log,
    signIn: () => void run("gpuDev.signIn"),
  });
  const place = whereWeRun(options, showFailure);
  const core = composeCore(place);
  const features = composeFeatures(place, core);
  const parts = [
    ...composeWatchers(place, core),
    ...features.parts,
    ...registerCommands(features.handlers, showFailure),
    ...[core.hostSync, core.live, core.account],
  ];
  return {
    dispose: () => {
      for (const part of parts) part.dispose();
    },
  };
}

type Place = ReturnType<typeof whereWeRun>;
type Core = ReturnType<typeof composeCore>;

/** The machine, the server and the window: read once, and handed to the parts. */
function whereWeRun(options: CompositionOptions, showFailure: ShowFailure) {
  const { platform, execPath } = process;
  const home = homedir();
  const settings = readSettings();
  if (settings.badServer !== null) showFailure(new Error(badServerText(settings)));
  return {
    ...options,
    ...{ platform, execPath, home, settings, showFailure },
    fs: realFileSystem,
    paths: extensionPaths({ platform, home, env: environment }),
    /** Set in a window that is inside a server of ours. */
    reservationId: environment["GPU_DEV_RESERVATION_ID"],
  };
}

/** Who is signed in, what the server says, and the SSH hosts that follow it. */
function composeCore(place: Place) {
  const { context, log, now, platform, paths, settings } = place;
  const account = createAccount({
    server: settings.server,
    secrets: context.secrets,
    keys: { platform, ...paths, identityFile: () => readSettings().identityFile },
    userAgent: `gpu-dev-editor/${versionOf(context)}`,
    ...{ log, now },
  });
  const live = createLive({ account, now, log, random: Math.random });
  const hostSync = createHostSync({
    ...{ ...place, account, live },
    explainBundle: context.asAbsolutePath(join("dist", "explain.cjs")),
  });
  return { account, live, hostSync, hosts: hostSync.hosts };
}

/** What is shown without being asked for. */
function composeWatchers(place: Place, core: Core): Disposable[] {
  const { context, log, now, settings, reservationId } = place;
  const { account, live, hostSync, hosts } = core;
  const remoteWindow = watchRemoteWindow({
    ...{ live, now, log },
    here: hereNow(reservationId),
    readHosts: () => hostSync.read(),
  });
  const deployment = deploymentName(new URL(settings.server).host);
  return [
    remoteWindow,
    createTreeViews({ live, account, now, hosts }),
    createStatusBar({ live, now, reservationId, hostPrefix: () => hosts.prefix() }),
    createNotifications({
      ...{ live, account, now },
      claim: createEventClaims({
        folder: join(context.globalStorageUri.fsPath, "told", deployment),
        now,
      }),
      level: () => readSettings().notifications,
      isToldHere: (event) => remoteWindow.isOf(event.reservationId ?? ""),
    }),
  ];
}

/** What people ask for: a handler for each command, and the parts behind them. */
function composeFeatures(place: Place, core: Core) {
  const { context, log, now } = place;
  const accountCommands = createAccountCommands({ account: core.account, log });
  const reserve = createReserve({ ...place, ...core, memento: context.globalState });
  const connect = createConnect({
    ...{ ...place, ...core },
    index: core.hostSync.index,
    reserve: () => reserve(null),
    openIn: () => readSettings().openIn,
    sshReadsHome: userInfo().homedir === place.home,
    terminalsAreElsewhere: env.remoteName !== undefined && !runsInWorkspace(context),
  });
  const reservationCommands = createReservationCommands({
    ...{ ...core, now, log },
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
    "gpuDev.reportProblem": composeReport(place, core),
  };
  return { handlers, parts: [accountCommands, connect, reservationCommands] };
}

function composeReport(place: Place, { account, live, hostSync }: Core) {
  const { context, log, now, tail, home, fs, platform, paths, settings } = place;
  const stored = createCredentialStore({ server: settings.server, secrets: context.secrets, log });
  return createReport({
    ...{ account, live, now, tail },
    extensionVersion: versionOf(context),
    secrets: async () => {
      const credential = await stored.read();
      return credential === null ? [] : [credential.token];
    },
    machine: { home, user: userInfo().username },
    sshFiles: { fs, platform, dir: join(paths.ownDir, "ssh") },
    userConfig: { fs, platform, path: paths.userSshConfig, includePath: hostSync.index },
  });
}

function versionOf({ extension }: ExtensionContext): string {
  const { version } = extension.packageJSON as { readonly version: string };
  return version;
}

/** In a remote window we run on the user's own machine, where that editor can; else over there, as everything else. */
function runsInWorkspace({ extension }: ExtensionContext): boolean {
  return extension.extensionKind === ExtensionKind.Workspace;
}

function badServerText({ badServer, server }: Settings): string {
  return (
    `The setting gpuDev.server holds ${JSON.stringify(badServer)}, which is no address of a server. ` +
    `${server} is used instead.`
  );
}

async function run(command: string, ...args: readonly unknown[]): Promise<void> {
  await commands.executeCommand(command, ...args);
}
