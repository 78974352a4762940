import type { Command } from "commander";
import { untilText } from "@gpu-dev/client/text/reservationText.ts";
import { CliError } from "../output/exitCodes.ts";
import { durationFrom, type DurationOptions } from "../reserve/request.ts";
import { findReservation } from "../session/findReservation.ts";
import { sessionFor } from "../session/session.ts";

export function addExtend(program: Command): void {
  program
    .command("extend")
    .description("move the end of a reservation")
    .argument("<name>", "its name, or the beginning of its id")
    .option("--hours <n>", "hours to add, fractions allowed: 0.5")
    .option("--duration <time>", "time to add: 90m, 1h30m")
    .action(async (name: string, options: DurationOptions, command: Command) => {
      const seconds = durationFrom(options);
      if (seconds === undefined) {
        throw new CliError("usage", "Give the time to add: --hours 1 or --duration 90m.");
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
      session.output.line(
        expiresAt === undefined
          ? `${reservation.name} is extended; its time starts once it is ready.`
          : `${reservation.name} now runs ${untilText(expiresAt, session.now())}.`,
      );
    });
}
