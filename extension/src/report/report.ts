import { env, UIKind, version, window, workspace } from "vscode";
import { Second } from "@gpu-dev/shared/durations.ts";
import { wireJson } from "@gpu-dev/client/absence.ts";
import { readInclude, type UserConfig } from "@gpu-dev/client/ssh/userConfig.ts";
import type { Account } from "../account/account.ts";
import { failureText } from "../core/errors.ts";
import type { CommandHandler } from "../core/commands.ts";
import { readSettings } from "../core/settings.ts";
import type { Live } from "../live/live.ts";
import type { LogTail } from "./reportLog.ts";
import { reportText } from "./reportText.ts";
import { readSshFiles, type SshFilesSource } from "./sshFiles.ts";

export interface ReportOptions {
  readonly account: Account;
  readonly live: Live;
  readonly now: () => Date;
  readonly tail: LogTail;
  readonly extensionVersion: string;
  /** Values that must not appear in a report even if they do not look like secrets: the token. */
  readonly secrets: () => Promise<readonly string[]>;
  readonly machine: { readonly home: string; readonly user: string };
  readonly sshFiles: SshFilesSource;
  readonly userConfig: UserConfig;
}

const STATUS_TIMEOUT_MS = 5 * Second.ms;

/**
 * Opens a masked report as an untitled document that the user can review, save and send. Nothing is
 * sent.
 */
export function createReport(options: ReportOptions): CommandHandler {
  return async () => {
    const { account, live, now, tail, machine } = options;
    const [serverStatus, include, sshFiles, secrets] = await Promise.all([
      readServerStatus(account),
      includeText(options.userConfig),
      readSshFiles(options.sshFiles),
      options.secrets(),
    ]);
    const masking = { secrets, home: machine.home, users: [machine.user, ...userOf(account)] };
    const content = reportText(
      {
        versions: versionsOf(options),
        settings: settingsOf(),
        serverStatus,
        account: account.state,
        live: live.state,
        include,
        sshFiles,
        errors: tail.errors(),
        logLines: tail.lines(),
      },
      masking,
      now(),
    );
    const document = await workspace.openTextDocument({ language: "markdown", content });
    await window.showTextDocument(document);
  };
}

function userOf({ state }: Account): string[] {
  return state.kind === "signedIn" ? [state.profile.user] : [];
}

/** An unavailable server must not prevent a report of that problem. */
async function readServerStatus({ server, state }: Account): Promise<string> {
  if (state.kind !== "signedIn") return `${server}: not read, because nobody is signed in`;
  try {
    const signal = AbortSignal.timeout(STATUS_TIMEOUT_MS);
    const status = await state.client.call("getStatus", { signal });
    return `${server}\n${wireJson(status)}`;
  } catch (error) {
    return `${server}: ${failureText(error)}`;
  }
}

async function includeText(config: UserConfig): Promise<string> {
  try {
    const state = await readInclude(config);
    if (state.kind === "present") return `present: ${state.place}`;
    if (state.kind === "absent") return state.byHand ? "absent, but included manually" : "absent";
    return `malformed: ${state.problem}`;
  } catch (error) {
    return failureText(error);
  }
}

function versionsOf({ extensionVersion }: ReportOptions): Record<string, string> {
  return {
    extension: extensionVersion,
    editor: `${env.appName} ${version}`,
    window: env.uiKind === UIKind.Web ? "browser" : "desktop",
    remote: env.remoteName ?? "none",
    system: `${process.platform} ${process.arch}`,
    node: process.versions.node,
  };
}

function settingsOf(): Record<string, string> {
  const { server, invalidServer, identityFile, openIn, notifications } = readSettings(
    workspace.getConfiguration("gpuDev"),
  );
  return {
    "gpuDev.server": invalidServer === undefined ? server : "not a valid server URL",
    "gpuDev.identityFile": identityFile ?? "created by GPU Dev",
    "gpuDev.connect.openIn": openIn,
    "gpuDev.notifications": notifications,
  };
}
