import type { Command } from "commander";
import { sessionFor } from "../commandAction.ts";
import { CliError } from "../exitCodes.ts";
import { findReservation } from "../findReservation.ts";
import { lengthFrom } from "../lengthOption.ts";
import { untilWords } from "@gpu-dev/client/text/reservationText.ts";

export function addExtend(program: Command): void {
  program
    .command("extend")
    .description("move the end of a reservation")
    .argument("<name>", "its name, or the beginning of its id")
    .option("--hours <n>", "hours to add, fractions allowed: 0.5")
    .option("--duration <time>", "time to add: 90m, 1h30m")
    .action(
      async (name: string, options: { hours?: string; duration?: string }, command: Command) => {
        const seconds = lengthFrom(options);
        if (seconds === null) {
          throw new CliError("usage", "Say by how much: --hours 1 or --duration 90m.");
        }
        const session = await sessionFor(command);
        await session.requireCredential();
        const { id } = await findReservation(session, name);
        const reservation = await session.client.call("extendReservation", {
          params: { reservationId: id },
          body: { seconds },
        });
        if (session.output.json) {
          session.output.result(reservation);
          return;
        }
        const { expiresAt } = reservation;
        const end = expiresAt === null ? "once it is ready" : untilWords(expiresAt, session.now());
        session.output.line(`${reservation.name} now runs ${end}.`);
      },
    );
}
