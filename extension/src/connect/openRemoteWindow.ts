import {
  commands,
  ConfigurationTarget,
  env,
  extensions,
  type LogOutputChannel,
  ProgressLocation,
  UIKind,
  Uri,
  window,
  workspace,
} from "vscode";
import { type ClientPaths, expandHome } from "@gpu-dev/client/paths.ts";
import type { SshFileSystem } from "@gpu-dev/client/ssh/fileSystem.ts";
import { findConflicts } from "@gpu-dev/client/ssh/configConflicts.ts";
import {
  enableInclude,
  isIncluded,
  readInclude,
  type UserConfig,
} from "@gpu-dev/client/ssh/userConfig.ts";
import { asError, Dismissed } from "../core/errors.ts";
import type { ReadyHost } from "./readyHost.ts";
import {
  authorityFor,
  includeQuestion,
  type RemoteSsh,
  remoteSshFor,
  withLinux,
} from "./remoteSsh.ts";

export interface RemoteWindowOptions {
  readonly fs: SshFileSystem;
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly paths: Pick<ClientPaths, "userSshConfig">;
  /** Our own SSH config file, which the Include line names. */
  readonly index: string;
  /** False if ssh uses another home folder for the user than this process. */
  readonly sshReadsHome: boolean;
  readonly log: Pick<LogOutputChannel, "warn">;
}

/**
 * Opens the workspace of a server over Remote-SSH. Returns "terminal" if the user wants or needs a
 * terminal instead.
 */
export async function openRemoteWindow(
  options: RemoteWindowOptions,
  ready: ReadyHost,
  openIn: "currentWindow" | "newWindow",
): Promise<"opened" | "terminal"> {
  if (env.uiKind === UIKind.Web) return offerTerminal();
  const remoteSsh = await findRemoteSsh();
  if (remoteSsh === "terminal") return "terminal";
  const { host, entry } = ready;
  const configured = configFileSetting(options, remoteSsh);
  const { fs, platform, index } = options;
  const path = configured ?? options.paths.userSshConfig;
  const include = await ensureInclude({ fs, platform, path, includePath: index }, host);
  if (include === "refused") throw new Dismissed();
  if (include === "terminal") return "terminal";
  await warnOfDifferences(options, ready, configured ?? (options.sshReadsHome ? undefined : path));
  await setRemotePlatform(remoteSsh.section, host).catch((error: unknown) => {
    // Remote-SSH asks for the platform in that case.
    options.log.warn(`The platform of ${host} could not be set: ${String(error)}`);
  });
  const scheme = "vscode-remote";
  const folder = Uri.from({ scheme, authority: authorityFor(host), path: entry.workspacePath });
  const where = openIn === "newWindow" ? { forceNewWindow: true } : { forceReuseWindow: true };
  await commands.executeCommand("vscode.openFolder", folder, where);
  return "opened";
}

async function offerTerminal(): Promise<"terminal"> {
  const message = "Remote - SSH is not available in a browser. Open a terminal instead.";
  const chosen = await window.showInformationMessage(message, "Open Terminal");
  if (chosen === undefined) throw new Dismissed();
  return "terminal";
}

async function findRemoteSsh(): Promise<RemoteSsh | "terminal"> {
  const { installed, suitable } = remoteSshFor(
    env.appName,
    extensions.all.map(({ id }) => id),
  );
  if (installed !== undefined) return installed;
  const install = "Install Remote - SSH";
  const message = "Connecting requires the Remote - SSH extension, which is not installed.";
  const chosen = await window.showInformationMessage(message, install, "Open Terminal");
  if (chosen === undefined) throw new Dismissed();
  if (chosen !== install) return "terminal";
  const progress = { location: ProgressLocation.Notification, title: `Installing ${suitable.id}` };
  await window.withProgress(progress, async () => {
    await commands.executeCommand("workbench.extensions.installExtension", suitable.id);
  });
  return suitable;
}

/**
 * A config file other than ~/.ssh/config. Only user settings count, so that a workspace cannot name
 * one.
 */
function configFileSetting(
  { platform, home }: RemoteWindowOptions,
  { section }: RemoteSsh,
): string | undefined {
  const setting = workspace.getConfiguration().inspect<unknown>(`${section}.configFile`);
  const value = setting?.globalValue;
  if (typeof value !== "string" || value.trim() === "") return undefined;
  return expandHome(value.trim(), platform, home);
}

/**
 * Makes sure that Remote-SSH finds our hosts, with the user's consent. If the user refuses, the
 * file stays unchanged and the next Connect asks again, because connecting does not work without
 * the line.
 */
async function ensureInclude(
  config: UserConfig,
  host: string,
): Promise<"works" | "refused" | "terminal"> {
  const state = await readInclude(config);
  if (isIncluded(config, state)) return "works";
  // Throws for a file with unbalanced marker lines, so that nothing is asked that cannot be done.
  if (state.kind === "malformed") await enableInclude(config);
  const { path: file, includePath } = config;
  const { message, detail, confirm } = includeQuestion({ host, file, includePath, state });
  const chosen = await window.showInformationMessage(
    message,
    { modal: true, detail },
    { title: confirm, result: "works" as const },
    { title: "Open Terminal", result: "terminal" as const },
    { title: "Not Now", result: "refused" as const, isCloseAffordance: true },
  );
  if (chosen?.result !== "works") return chosen?.result ?? "refused";
  await enableInclude(config);
  return "works";
}

/**
 * Another part of the user's config may override ours. This only warns, because it may be intended.
 */
async function warnOfDifferences(
  { log, index }: RemoteWindowOptions,
  { host }: ReadyHost,
  configFile: string | undefined,
): Promise<void> {
  const warnings = await findConflicts({ ssh: "ssh", configFile, ownConfig: index }, host).catch(
    (error: unknown) => [asError(error).message],
  );
  for (const warning of warnings) log.warn(warning);
  if (warnings.length > 0) void window.showWarningMessage(warnings.join(" "));
}

/**
 * Sets the platform of a host to Linux, so that Remote-SSH does not ask on the first connection.
 * Other hosts stay unchanged, and so do editors whose Remote-SSH has no such setting.
 */
async function setRemotePlatform(section: string, host: string): Promise<void> {
  const key = `${section}.remotePlatform`;
  const known = workspace.getConfiguration().inspect<unknown>(key);
  if (known?.defaultValue === undefined) return;
  const next = withLinux(known.globalValue, host);
  if (next === undefined) return;
  await workspace.getConfiguration().update(key, next, ConfigurationTarget.Global);
}
