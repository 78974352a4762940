import type { Command } from "commander";
import { LIVE, TERMINAL } from "@gpu-dev/shared/states.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { diskAfterEnd, progressText } from "@gpu-dev/client/text/reservationText.ts";
import { CliError } from "../output/exitCodes.ts";
import { askYesNo } from "../output/prompts.ts";
import { waitForReservation } from "../reserve/waitForReservation.ts";
import { findReservation } from "../session/findReservation.ts";
import { type Session, sessionFor } from "../session/session.ts";
import { syncSshHosts } from "../session/sshHosts.ts";

interface CancelOptions {
  readonly yes?: boolean;
  readonly wait: boolean;
}

export function addCancel(program: Command): void {
  program
    .command("cancel")
    .description("end reservations now")
    .argument("<name...>", "names, or the beginnings of ids")
    .option("-y, --yes", "do not ask for confirmation")
    .option("--no-wait", "return at once instead of waiting until they have ended")
    .action(async (names: string[], options: CancelOptions, command: Command) => {
      const session = await sessionFor(command);
      const credential = await session.requireCredential();
      const found: Reservation[] = [];
      for (const name of names) found.push(await findReservation(session, name));
      if (session.output.interactive && options.yes !== true) await confirmCancel(session, found);
      const results: Reservation[] = [];
      for (const reservation of found) {
        results.push(await cancelReservation(session, reservation, options));
      }
      await syncSshHosts(session, credential, results);
      if (session.output.json) session.output.result({ items: results });
    });
}

async function confirmCancel(session: Session, found: readonly Reservation[]): Promise<void> {
  const live = found.filter((reservation) => LIVE.includes(reservation.state));
  if (live.length === 0) return;
  for (const item of live) {
    session.output.line(`${item.name}: ${asSentence(progressText(item))} ${diskAfterEnd(item)}`);
  }
  const cancelText = "Nothing was cancelled.";
  const names = live.map((reservation) => reservation.name).join(", ");
  if (!(await askYesNo(`Cancel ${names}?`, cancelText, false))) {
    throw new CliError("interrupted", cancelText);
  }
}

async function cancelReservation(
  session: Session,
  reservation: Reservation,
  options: CancelOptions,
): Promise<Reservation> {
  const { output, client } = session;
  if (TERMINAL.includes(reservation.state)) {
    if (!output.json) {
      output.line(`${reservation.name} has already ended: ${progressText(reservation)}`);
    }
    return reservation;
  }
  const params = { reservationId: reservation.id };
  const cancelled = await client.call("cancelReservation", { params });
  if (!options.wait) {
    if (!output.json) output.line(`${cancelled.name} is ending. ${diskAfterEnd(cancelled)}`);
    return cancelled;
  }
  const ended = await waitForReservation(
    session,
    cancelled,
    (current) => TERMINAL.includes(current.state),
    (current) => `${current.name} is ending; this continues in the background.`,
  );
  if (!output.json) output.line(`${ended.name} has ended. ${diskAfterEnd(ended)}`);
  return ended;
}
