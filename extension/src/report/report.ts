import { env, UIKind, version, window, workspace } from "vscode";
import { Second } from "@gpu-dev/shared/durations.ts";
import { readInclude, type UserConfig } from "@gpu-dev/client/ssh/userConfig.ts";
import type { Account } from "../account/account.ts";
import { failureText } from "../core/errors.ts";
import type { CommandHandler } from "../core/commands.ts";
import { readSettings } from "../core/settings.ts";
import type { Live } from "../live/liveState.ts";
import type { LogTail } from "./logTail.ts";
import { reportText } from "./reportText.ts";
import { readSshFiles, type SshFilesSource } from "./sshFiles.ts";

export interface ReportOptions {
  readonly account: Account;
  readonly live: Live;
  readonly now: () => Date;
  readonly tail: LogTail;
  readonly extensionVersion: string;
  /** What must not stand in a report, in addition to all that looks like a secret: the token. */
  readonly secrets: () => Promise<readonly string[]>;
  readonly machine: { readonly home: string; readonly user: string };
  readonly sshFiles: SshFilesSource;
  readonly userConfig: UserConfig;
}

const LONGEST_WAIT_MS = 5 * Second.ms;

/** Shows a masked report as a document of the user's own, to read, save and send; it is sent nowhere. */
export function createReport(options: ReportOptions): CommandHandler {
  return async () => {
    const { account, live, now, tail, machine } = options;
    const [serverStatus, include, sshFiles, secrets] = await Promise.all([
      askServer(account),
      includeWords(options.userConfig),
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
  return state.kind === "signedIn" ? [state.who.user] : [];
}

/** A server that is away must not keep anybody from reporting just that. */
async function askServer({ server, state }: Account): Promise<string> {
  if (state.kind !== "signedIn") return `${server}: not asked, as nobody is signed in`;
  try {
    const signal = AbortSignal.timeout(LONGEST_WAIT_MS);
    const status = await state.client.call("getStatus", { signal });
    return `${server}\n${JSON.stringify(status, null, 2)}`;
  } catch (error) {
    return `${server}: ${failureText(error)}`;
  }
}

async function includeWords(config: UserConfig): Promise<string> {
  try {
    const state = await readInclude(config);
    if (state.kind === "present") return `present: ${state.place}`;
    if (state.kind === "absent") return state.byHand ? "absent, but included by hand" : "absent";
    return `malformed: ${state.why}`;
  } catch (error) {
    return failureText(error);
  }
}

function versionsOf({ extensionVersion }: ReportOptions): Record<string, string> {
  return {
    extension: extensionVersion,
    editor: `${env.appName} ${version}`,
    "runs in": env.uiKind === UIKind.Web ? "a browser" : "a desktop window",
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
    "gpuDev.server": invalidServer === null ? server : "not an address of a server",
    "gpuDev.identityFile": identityFile ?? "our own pair",
    "gpuDev.connect.openIn": openIn,
    "gpuDev.notifications": notifications,
  };
}
