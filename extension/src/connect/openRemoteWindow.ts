import {
  commands,
  env,
  extensions,
  type LogOutputChannel,
  ProgressLocation,
  UIKind,
  Uri,
  window,
  workspace,
} from "vscode";
import { hostDifferences } from "@gpu-dev/client/ssh/reservationHosts.ts";
import type { SshFileSystem } from "@gpu-dev/client/ssh/fileSystem.ts";
import { Dismissed } from "../core/errors.ts";
import { type ClientPaths, expandHome } from "@gpu-dev/client/paths.ts";
import { ensureInclude } from "./includeLine.ts";
import type { ReadyHost } from "./readyHost.ts";
import { authorityFor } from "./remoteAuthority.ts";
import { setRemotePlatform } from "./remotePlatform.ts";
import { type RemoteSsh, remoteSshFor } from "./remoteSsh.ts";

export interface RemoteWindowOptions {
  readonly fs: SshFileSystem;
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly paths: Pick<ClientPaths, "userSshConfig">;
  /** Our own file, which the Include line names. */
  readonly index: string;
  /** False where ssh takes another folder for the user's home than we do. */
  readonly sshReadsHome: boolean;
  readonly log: Pick<LogOutputChannel, "warn">;
}

/** Opens the served workspace over Remote-SSH. "terminal": the user wants, or can have, only that. */
export async function openRemoteWindow(
  options: RemoteWindowOptions,
  ready: ReadyHost,
  openIn: "currentWindow" | "newWindow",
): Promise<"opened" | "terminal"> {
  if (env.uiKind === UIKind.Web) return await offerTerminal();
  const remoteSsh = await findRemoteSsh();
  if (remoteSsh === "terminal") return "terminal";
  const { host, entry } = ready;
  const named = configFileSetting(options, remoteSsh);
  const { fs, platform, index } = options;
  const path = named ?? options.paths.userSshConfig;
  const answer = await ensureInclude({ fs, platform, path, includePath: index }, host);
  if (answer === "refused") throw new Dismissed();
  if (answer === "terminal") return "terminal";
  await warnOfDifferences(options, ready, named ?? (options.sshReadsHome ? undefined : path));
  await setRemotePlatform(remoteSsh.section, host).catch((error: unknown) => {
    // Remote-SSH will ask, no more.
    options.log.warn(`The platform of ${host} could not be set: ${String(error)}`);
  });
  const scheme = "vscode-remote";
  const folder = Uri.from({ scheme, authority: authorityFor(host), path: entry.workspacePath });
  const where = openIn === "newWindow" ? { forceNewWindow: true } : { forceReuseWindow: true };
  await commands.executeCommand("vscode.openFolder", folder, where);
  return "opened";
}

async function offerTerminal(): Promise<"terminal"> {
  const message = "An editor in a browser can't open Remote - SSH windows. A terminal works here.";
  const chosen = await window.showInformationMessage(message, "Open Terminal");
  if (chosen === undefined) throw new Dismissed();
  return "terminal";
}

async function findRemoteSsh(): Promise<RemoteSsh | "terminal"> {
  const { installed, fitting } = remoteSshFor(
    env.appName,
    extensions.all.map(({ id }) => id),
  );
  if (installed !== null) return installed;
  const install = "Install Remote - SSH";
  const message = "Connecting needs the extension Remote - SSH, which is not installed.";
  const chosen = await window.showInformationMessage(message, install, "Open Terminal");
  if (chosen === undefined) throw new Dismissed();
  if (chosen !== install) return "terminal";
  const progress = { location: ProgressLocation.Notification, title: `Installing ${fitting.id}` };
  await window.withProgress(progress, async () => {
    await commands.executeCommand("workbench.extensions.installExtension", fitting.id);
  });
  return fitting;
}

/** Another file than ~/.ssh/config; only the user's own settings count, as no repository may name one. */
function configFileSetting(
  { platform, home }: RemoteWindowOptions,
  { section }: RemoteSsh,
): string | null {
  const setting = workspace.getConfiguration().inspect<unknown>(`${section}.configFile`);
  const value = setting?.globalValue;
  if (typeof value !== "string" || value.trim() === "") return null;
  return expandHome(value.trim(), platform, home);
}

/** Another part of the user's config may beat ours. They are told, and go on: it may be meant. */
async function warnOfDifferences(
  { log }: RemoteWindowOptions,
  { state, entry, host }: ReadyHost,
  configFile: string | undefined,
): Promise<void> {
  const warnings = await hostDifferences(state, entry, host, configFile).catch((error: unknown) => [
    error instanceof Error ? error.message : String(error),
  ]);
  for (const warning of warnings) log.warn(warning);
  if (warnings.length > 0) void window.showWarningMessage(warnings.join(" "));
}
