import { asSentence } from "@gpu-dev/shared/text.ts";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import type { Credential } from "@gpu-dev/client/signIn/credential.ts";
import { findConflicts } from "@gpu-dev/client/ssh/configConflicts.ts";
import type { HostState } from "@gpu-dev/client/ssh/hostState.ts";
import { parseResolved, resolveHost } from "@gpu-dev/client/ssh/openssh.ts";
import { PROBE } from "@gpu-dev/client/ssh/renderHosts.ts";
import {
  hostFilesOf,
  sshHostName,
  syncDeploymentHosts,
} from "@gpu-dev/client/ssh/reservationHosts.ts";
import { enableInclude, hasInclude, type UserConfig } from "@gpu-dev/client/ssh/userConfig.ts";
import { CliError } from "../output/exitCodes.ts";
import type { Session } from "./session.ts";

export function userConfigOf(session: Session): UserConfig {
  return {
    fs: session.fs,
    platform: session.platform,
    path: session.paths.userSshConfig,
    includePath: hostFilesOf(session).paths.index,
  };
}

/** Updates our SSH files from a current list of the user's live reservations. */
export async function syncSshHosts(
  session: Session,
  credential: Credential,
  listed: readonly Reservation[],
): Promise<HostState> {
  return syncDeploymentHosts(session, session.client, credential, listed);
}

/** The command that connects to a reservation: "ssh gpu-dev-demo". */
export async function sshCommand(
  session: Session,
  state: HostState,
  reservation: Reservation,
  user: string,
): Promise<string> {
  return ["ssh", ...(await sshOptions(session)), sshHostName(state, reservation, user)].join(" ");
}

/** ssh's options for our hosts: none if ssh finds them through the user's config, otherwise -F. */
export async function sshOptions(session: Session): Promise<string[]> {
  return (await includeState(session)) === "works" ? [] : ["-F", userConfigOf(session).includePath];
}

/** `unread`: the line is in a file that ssh does not read. */
export type IncludeState = "works" | "absent" | "unread";

/** Whether ssh finds our hosts through the user's config. All commands agree on this. */
export async function includeState(session: Session): Promise<IncludeState> {
  if (!(await hasInclude(userConfigOf(session)))) return "absent";
  if (session.sshReadsHome) return "works";
  return (await findsProbe().catch(() => false)) ? "works" : "unread";
}

/** The reason why ssh does not read the user's file, and the alternative. */
export function unreadText(session: Session): string {
  return (
    `ssh does not read ${session.paths.userSshConfig}: HOME is not the home folder of your ` +
    `account, ${session.accountHome}. Use ssh -F, as printed.`
  );
}

export interface Included {
  readonly message: string;
  /** Why ssh does not find our hosts; undefined if it does. */
  readonly problem: string | undefined;
  /** Options of the user that prevent a connection, as sentences. */
  readonly conflicts: readonly string[];
}

/** Adds the one Include line, after the user has agreed, and checks that ssh reads it. */
export async function addInclude(session: Session): Promise<Included> {
  const config = userConfigOf(session);
  const result = await enableInclude(config);
  const message = {
    added: `One Include line is now first in ${config.path}.`,
    "moved-first": `The Include line is now first in ${config.path}.`,
    already: `The Include line is already in ${config.path}.`,
    "included-by-hand": `${config.path} already includes our hosts, by a line of your own.`,
  }[result];
  if ((await includeState(session)) === "unread") {
    return { message: `${message} But ${unreadText(session)}`, problem: undefined, conflicts: [] };
  }
  return { message, ...(await checkProbe(config)) };
}

/** The error of a command that added the line, with a way to connect without it. */
export function includeProblem(session: Session, message: string, problem: string): CliError {
  const { includePath } = userConfigOf(session);
  return new CliError(
    "refused",
    `${message} But ${problem} Correct your config, or connect with: ssh -F ${includePath} HOST`,
  );
}

async function checkProbe(config: UserConfig): Promise<Omit<Included, "message">> {
  const { host, pattern } = PROBE;
  try {
    if (!(await findsProbe())) {
      const problem = `ssh does not read our hosts through ${config.path}.`;
      return { problem, conflicts: [] };
    }
    const options = { ssh: "ssh", ownConfig: config.includePath, pattern };
    return { problem: undefined, conflicts: await findConflicts(options, host) };
  } catch (error) {
    const problem = asSentence(error instanceof Error ? error.message : String(error));
    return { problem, conflicts: [] };
  }
}

async function findsProbe(): Promise<boolean> {
  const { output } = await resolveHost({ ssh: "ssh" }, PROBE.host);
  return parseResolved(output).get("hostname")?.[0] === PROBE.address;
}
