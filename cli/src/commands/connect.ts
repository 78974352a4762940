import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import type { Command } from "commander";
import { LIVE } from "@gpu-dev/shared/states.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import { sshHostName } from "@gpu-dev/client/ssh/reservationHosts.ts";
import { findConflicts } from "@gpu-dev/client/ssh/configConflicts.ts";
import { SshFilesError } from "@gpu-dev/client/ssh/fileSystem.ts";
import { isRegistered } from "@gpu-dev/client/ssh/keys.ts";
import { ConfigError } from "@gpu-dev/client/ssh/openssh.ts";
import { endText, progressText } from "@gpu-dev/client/text/reservationText.ts";
import { CliError } from "../output/exitCodes.ts";
import { runOnTerminal } from "../output/terminal.ts";
import { findReservation } from "../session/findReservation.ts";
import { type Session, sessionFor } from "../session/session.ts";
import { sshOptions, syncSshHosts, userConfigOf } from "../session/sshHosts.ts";

export function addConnect(program: Command): void {
  program
    .command("connect")
    .description("open a shell on a reservation with ssh, or run a command on it")
    .argument("<name>", "its name, or the beginning of its id")
    .argument("[command...]", 'the command to run, after "--"')
    .action(async (name: string, words: string[], _options: unknown, command: Command) => {
      const session = await sessionFor(command);
      const reservation = await findReservation(session, name);
      process.exitCode = await connectTo(session, reservation, words);
    });
}

/** Updates the host and runs ssh on the terminal. Resolves with ssh's exit code. */
export async function connectTo(
  session: Session,
  reservation: Reservation,
  words: readonly string[],
): Promise<number> {
  const credential = await session.requireCredential();
  const state = await syncSshHosts(session, credential, [reservation]);
  const entry = state.live.find((host) => host.id === reservation.id);
  if (reservation.state !== "ready" || entry === undefined) throw notReady(session, reservation);
  const host = sshHostName(state, reservation, credential.user);
  const options = await usableOptions(session, host);
  const remoteCommand = words.length === 0 ? [] : ["--", ...words];
  const code = await runOnTerminal("ssh", [...options, host, ...remoteCommand]);
  if (code === SSH_FAILURE) await explainRefusal(session, entry.identityFile ?? state.identityFile);
  return code;
}

/** ssh's exit code for its own failures, and for a command that ended with it. */
const SSH_FAILURE = 255;

/** A key that the server does not know is refused with "Permission denied" at every attempt. */
async function explainRefusal({ client, output }: Session, identityFile: string): Promise<void> {
  const isKnown = await isRegistered(client, identityFile).catch((error: unknown) => {
    if (error instanceof SshFilesError) output.note(error.message);
    return true; // The server is unavailable, for example; ssh has printed what failed.
  });
  if (isKnown) return;
  output.note(`This machine's key, ${identityFile}, is not registered: run "gpu-dev login".`);
}

/**
 * ssh's options for the host. Options of the user that prevent the connection are named; if ssh
 * can't read the user's config at all, our own file is used instead.
 */
async function usableOptions(session: Session, host: string): Promise<string[]> {
  const options = await sshOptions(session);
  const [, configFile] = options;
  const ownConfig = userConfigOf(session).includePath;
  try {
    for (const conflict of await findConflicts({ ssh: "ssh", configFile, ownConfig }, host)) {
      session.output.note(`warning: ${conflict}`);
    }
    return options;
  } catch (error) {
    if (!(error instanceof ConfigError) || configFile !== undefined) throw error;
    session.output.note(`warning: ${asSentence(error.message)} This connection does without it.`);
    return ["-F", ownConfig];
  }
}

function notReady(session: Session, reservation: Reservation): CliError {
  const { name } = reservation;
  if (!LIVE.includes(reservation.state)) {
    return new CliError("reservationOver", `${name} ${endText(reservation, session.now())}`);
  }
  const progress = progressText(reservation);
  return new CliError(
    "refused",
    `${name} is not ready yet: ${asSentence(progress)} For details: gpu-dev show ${name}`,
  );
}
