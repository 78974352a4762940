import type { Command } from "commander";
import { listReservations } from "@gpu-dev/client/reservations.ts";
import { hostNames } from "@gpu-dev/client/ssh/hostNames.ts";
import { renderLive } from "@gpu-dev/client/ssh/renderHosts.ts";
import { hostFilesOf } from "@gpu-dev/client/ssh/reservationHosts.ts";
import { progressText } from "@gpu-dev/client/text/reservationText.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import { CliError } from "../output/exitCodes.ts";
import { findReservation } from "../session/findReservation.ts";
import { sessionFor } from "../session/session.ts";
import { syncSshHosts } from "../session/sshHosts.ts";

export function addGetSshConfig(program: Command): void {
  program
    .command("get-ssh-config")
    .description("print the ssh host blocks of ready reservations")
    .argument("[name]", "only this reservation")
    .action(async (name: string | undefined, _options: unknown, command: Command) => {
      const session = await sessionFor(command);
      const credential = await session.requireCredential();
      const selected = name === undefined ? undefined : await findReservation(session, name);
      const listed =
        selected === undefined ? await listReservations(session.client, "live") : [selected];
      const state = await syncSshHosts(session, credential, listed);
      const { render } = hostFilesOf(session);
      const hosts = [...hostNames(state)].flatMap(([entry, host]) =>
        "endedAt" in entry || (selected !== undefined && selected.id !== entry.id)
          ? []
          : [{ ...entry, sshHost: host, block: renderLive(state, entry, host, render).join("\n") }],
      );
      if (selected !== undefined && hosts.length === 0) {
        throw new CliError(
          "refused",
          `${selected.name} has no ssh host: ${asSentence(progressText(selected))} ` +
            "Only ready reservations have one.",
        );
      }
      if (session.output.json) session.output.result({ items: hosts });
      else if (hosts.length > 0) session.output.line(hosts.map((host) => host.block).join("\n\n"));
      else session.output.note("No reservation is ready, so there is no host to print.");
    });
}
