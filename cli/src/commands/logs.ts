import { type Command, InvalidArgumentError } from "commander";
import { findReservation } from "../session/findReservation.ts";
import { sessionFor } from "../session/session.ts";

const MAX_LINES = 2_000;

export function addLogs(program: Command): void {
  program
    .command("logs")
    .description("what the server of a reservation printed; not the output of your own programs")
    .argument("<name>", "its name, or the beginning of its id")
    .option("-n, --tail <lines>", `how many lines, at most ${String(MAX_LINES)}`, lineCount, 200)
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
      if (logs.podName === undefined)
        output.note(`${reservation.name} has no container at present.`);
      else output.note(WHAT_IS_SHOWN);
      if (logs.truncated) output.note("(older lines are omitted)");
      for (const line of logs.lines) output.verbatim(printable(line));
    });
}

const WHAT_IS_SHOWN =
  "The log of the server itself: its start, its SSH server and the program of its image. What you run " +
  "prints in your own shell; keep it with: program > /workspace/out.log 2>&1";

/** Replaces control characters other than tabs, so that a log line cannot drive the terminal. */
function printable(line: string): string {
  // eslint-disable-next-line no-control-regex
  return line.replaceAll(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, "\u00b7");
}

function lineCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= MAX_LINES) return count;
  throw new InvalidArgumentError(`Give a number from 1 to ${String(MAX_LINES)}.`);
}
