import type { Command } from "commander";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { LIVE, TERMINAL } from "@gpu-dev/shared/states.ts";
import { sessionFor } from "../commandAction.ts";
import { findReservation } from "../findReservation.ts";
import { askYesNo } from "../prompts.ts";
import { diskAfterEnd, progressSentence } from "@gpu-dev/client/text/reservationText.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import type { Session } from "../session.ts";
import { syncSshHosts } from "../sshHosts.ts";
import { CliError } from "../exitCodes.ts";
import { waitForReservation } from "../waitForReservation.ts";

interface CancelOptions {
  readonly yes?: boolean;
  readonly wait: boolean;
}

export function addCancel(program: Command): void {
  program
    .command("cancel")
    .description("end reservations now")
    .argument("<name...>", "their names, or the beginnings of their ids")
    .option("-y, --yes", "do not ask")
    .option("--no-wait", "return at once instead of waiting until they are over")
    .action(async (names: string[], options: CancelOptions, command: Command) => {
      const session = await sessionFor(command);
      const credential = await session.requireCredential();
      const found: Reservation[] = [];
      for (const name of names) found.push(await findReservation(session, name));
      if (session.output.interactive && options.yes !== true) await confirmCancel(session, found);
      const results: Reservation[] = [];
      for (const reservation of found) results.push(await cancelOne(session, reservation, options));
      await syncSshHosts(session, credential, results);
      if (session.output.json) session.output.result({ items: results });
    });
}

async function confirmCancel(session: Session, found: readonly Reservation[]): Promise<void> {
  const live = found.filter((reservation) => LIVE.includes(reservation.state));
  if (live.length === 0) return;
  for (const one of live) {
    session.output.line(`${one.name}: ${asSentence(progressSentence(one))} ${diskAfterEnd(one)}`);
  }
  const nothing = "Nothing was cancelled.";
  const names = live.map((reservation) => reservation.name).join(", ");
  if (!(await askYesNo(`Cancel ${names}?`, nothing, false)))
    throw new CliError("interrupted", nothing);
}

async function cancelOne(
  session: Session,
  reservation: Reservation,
  options: CancelOptions,
): Promise<Reservation> {
  const { output, client } = session;
  if (TERMINAL.includes(reservation.state)) {
    if (!output.json)
      output.line(`${reservation.name} is over already: ${progressSentence(reservation)}`);
    return reservation;
  }
  const params = { reservationId: reservation.id };
  const cancelled = await client.call("cancelReservation", { params });
  if (!options.wait) {
    if (!output.json) output.line(`${cancelled.name} is being ended. ${diskAfterEnd(cancelled)}`);
    return cancelled;
  }
  const over = await waitForReservation(
    session,
    cancelled,
    (current) => TERMINAL.includes(current.state),
    (current) => `${current.name} is being ended; that goes on without you.`,
  );
  if (!output.json) output.line(`${over.name} is over. ${diskAfterEnd(over)}`);
  return over;
}
