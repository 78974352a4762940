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
      const { found, missing } = await findEach(session, names);
      if (session.output.interactive && options.yes !== true) await confirmCancel(session, found);
      const results: Reservation[] = [];
      for (const reservation of found) {
        results.push(await cancelReservation(session, reservation, options));
      }
      await syncSshHosts(session, credential, results);
      if (session.output.json) session.output.result({ items: results });
      if (missing.length > 0) throw notFound(missing, results);
    });
}

/** The reservations that exist, each once, and the errors of the names that match none. */
async function findEach(
  session: Session,
  names: readonly string[],
): Promise<{ readonly found: readonly Reservation[]; readonly missing: readonly CliError[] }> {
  const found = new Map<string, Reservation>();
  const missing: CliError[] = [];
  for (const name of names) {
    try {
      const reservation = await findReservation(session, name);
      found.set(reservation.id, reservation);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      missing.push(error);
    }
  }
  if (found.size === 0 && missing[0] !== undefined) throw missing[0];
  return { found: [...found.values()], missing };
}

function notFound(missing: readonly CliError[], done: readonly Reservation[]): CliError {
  const names = done.map(({ name }) => name).join(", ");
  const reasons = missing.map(({ message }) => message).join(" ");
  return new CliError(
    missing[0]?.exit ?? "notFound",
    `${reasons} Cancelled all the same: ${names}.`,
  );
}

/** What the end means for the files. A request that never started had no server and no files. */
function afterEnd(reservation: Reservation): string {
  const { placedAt, readyAt, members, spec } = reservation;
  if (placedAt !== undefined || readyAt !== undefined || members.length > 0) {
    return diskAfterEnd(reservation);
  }
  return spec.disk === undefined
    ? "It had not started."
    : `It had not started; disk ${spec.disk} is free.`;
}

async function confirmCancel(session: Session, found: readonly Reservation[]): Promise<void> {
  const live = found.filter((reservation) => LIVE.includes(reservation.state));
  if (live.length === 0) return;
  for (const item of live) {
    session.output.line(`${item.name}: ${asSentence(progressText(item))} ${afterEnd(item)}`);
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
    if (!output.json) output.line(`${cancelled.name} is ending. ${afterEnd(cancelled)}`);
    return cancelled;
  }
  const ended = await waitForReservation(
    session,
    cancelled,
    (current) => TERMINAL.includes(current.state),
    (current) => `${current.name} is ending; this continues in the background.`,
  );
  if (!output.json) output.line(`${ended.name} has ended. ${afterEnd(ended)}`);
  return ended;
}
