import { type Command, InvalidArgumentError } from "commander";
import { sessionFor } from "../commandAction.ts";
import { findReservation } from "../findReservation.ts";

const MOST_LINES = 2_000;

export function addLogs(program: Command): void {
  program
    .command("logs")
    .description("what the server's container printed, the newest lines")
    .argument("<name>", "its name, or the beginning of its id")
    .option("-n, --tail <lines>", `how many lines, at most ${String(MOST_LINES)}`, lineCount, 200)
    .action(async (name: string, options: { tail: number }, command: Command) => {
      const session = await sessionFor(command);
      await session.requireCredential();
      const reservation = await findReservation(session, name);
      const logs = await session.client.call("getReservationLogs", {
        params: { reservationId: reservation.id },
        query: { tail: options.tail },
      });
      const { output } = session;
      if (output.json) {
        output.result(logs);
        return;
      }
      if (logs.podName === null)
        output.note(`${reservation.name} has no container (yet, or any more).`);
      if (logs.truncated) output.note("(older lines are left out)");
      for (const line of logs.lines) output.line(printable(line));
    });
}

/** A log line must not be able to drive the terminal: control characters other than tabs are shown, not sent. */
export function printable(line: string): string {
  // eslint-disable-next-line no-control-regex
  return line.replaceAll(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, "\u00b7");
}

function lineCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= MOST_LINES) return count;
  throw new InvalidArgumentError(`Give a number from 1 to ${String(MOST_LINES)}.`);
}
