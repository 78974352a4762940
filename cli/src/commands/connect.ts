import type { Command } from "commander";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { LIVE } from "@gpu-dev/shared/states.ts";
import { sessionFor } from "../commandAction.ts";
import { CliError } from "../exitCodes.ts";
import { findReservation } from "../findReservation.ts";
import { progressSentence } from "@gpu-dev/client/text/reservationText.ts";
import { runOnTerminal } from "../runOnTerminal.ts";
import type { Session } from "../session.ts";
import { hostDifferences, sshHostName } from "@gpu-dev/client/ssh/reservationHosts.ts";
import { sshOptions, syncSshHosts } from "../sshHosts.ts";
import { localTime } from "@gpu-dev/client/text/times.ts";

export function addConnect(program: Command): void {
  program
    .command("connect")
    .description("open a shell on a reservation with ssh, or run a command there")
    .argument("<name>", "its name, or the beginning of its id")
    .argument("[command...]", 'what to run there, after "--"')
    .action(async (name: string, words: string[], _options: unknown, command: Command) => {
      const session = await sessionFor(command);
      const reservation = await findReservation(session, name);
      process.exitCode = await connectTo(session, reservation, words);
    });
}

/** Syncs the host and runs ssh on the terminal; resolves with ssh's exit code. */
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
  const options = await sshOptions(session);
  const [, configFile] = options;
  for (const difference of await hostDifferences(state, entry, host, configFile)) {
    session.output.note(`warning: ${difference}`);
  }
  return await runOnTerminal("ssh", [
    ...options,
    host,
    ...(words.length === 0 ? [] : ["--", ...words]),
  ]);
}

function notReady(session: Session, reservation: Reservation): CliError {
  const { name, endedAt } = reservation;
  const sentence = progressSentence(reservation);
  if (!LIVE.includes(reservation.state)) {
    const when = endedAt === null ? "" : ` at ${localTime(endedAt, session.now())}`;
    return new CliError("reservationOver", `${name} is over${when}: ${sentence}`);
  }
  return new CliError(
    "refused",
    `${name} can't be connected to yet: ${sentence}. "gpu-dev show ${name}" tells more.`,
  );
}
