import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import type { Credential } from "@gpu-dev/client/signIn/credential.ts";
import { PROBE_ADDRESS, PROBE_HOST } from "@gpu-dev/client/ssh/hostFiles.ts";
import type { HostState } from "@gpu-dev/client/ssh/hostState.ts";
import { verifyHost } from "@gpu-dev/client/ssh/openssh.ts";
import {
  hostFilesOf,
  sshHostName,
  syncDeploymentHosts,
} from "@gpu-dev/client/ssh/reservationHosts.ts";
import { enableInclude, hasInclude, type UserConfig } from "@gpu-dev/client/ssh/userConfig.ts";
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

/** What to type to reach a reservation: "ssh gpu-dev-demo". */
export async function sshCommand(
  session: Session,
  state: HostState,
  reservation: Reservation,
  user: string,
): Promise<string> {
  return ["ssh", ...(await sshOptions(session)), sshHostName(state, reservation, user)].join(" ");
}

/** ssh's options for our hosts: none if the Include line works, otherwise -F. */
export async function sshOptions(session: Session): Promise<string[]> {
  const config = userConfigOf(session);
  if (session.sshReadsHome && (await hasInclude(config))) return [];
  return ["-F", config.includePath];
}

/** Adds the one Include line, after the user has agreed. Returns the message to show. */
export async function addInclude(session: Session): Promise<string> {
  const config = userConfigOf(session);
  const result = await enableInclude(config);
  const problem = await whyIncludeFails(session);
  const done = {
    added: `One Include line is now first in ${config.path}.`,
    "moved-first": `The Include line is now first in ${config.path}.`,
    already: `The Include line is already in ${config.path}.`,
    "included-by-hand": `${config.path} already includes our hosts, by a line of your own.`,
  }[result];
  return problem === undefined ? done : `${done} But: ${problem}`;
}

/**
 * Undefined if ssh finds our hosts through the user's config, otherwise the reason as a sentence.
 */
async function whyIncludeFails(session: Session): Promise<string | undefined> {
  const configFile = session.sshReadsHome ? undefined : session.paths.userSshConfig;
  try {
    const wanted = { hostname: PROBE_ADDRESS };
    const differences = await verifyHost({ ssh: "ssh", configFile }, PROBE_HOST, wanted);
    return differences.length === 0
      ? undefined
      : `ssh does not read our hosts through ${session.paths.userSshConfig}.`;
  } catch (error) {
    return error instanceof Error ? `${error.message}.` : String(error);
  }
}
