import type { Command } from "commander";
import { hostNames } from "@gpu-dev/client/ssh/hostNames.ts";
import { renderLive } from "@gpu-dev/client/ssh/renderHosts.ts";
import { sessionFor } from "../commandAction.ts";
import { CliError } from "../exitCodes.ts";
import { findReservation, listAll } from "../findReservation.ts";
import { progressSentence } from "@gpu-dev/client/text/reservationText.ts";
import { hostFilesOf, syncSshHosts } from "../sshHosts.ts";

export function addGetSshConfig(program: Command): void {
  program
    .command("get-ssh-config")
    .description("print the ssh host blocks of ready reservations")
    .argument("[name]", "only this one")
    .action(async (name: string | undefined, _options: unknown, command: Command) => {
      const session = await sessionFor(command);
      const credential = await session.requireCredential();
      const wanted = name === undefined ? null : await findReservation(session, name);
      const state = await syncSshHosts(
        session,
        credential,
        wanted === null ? await listAll(session, "live") : [wanted],
      );
      const { render } = hostFilesOf(session, state.identityFile);
      const hosts = [...hostNames(state)].flatMap(([entry, host]) =>
        "endedAt" in entry || (wanted !== null && wanted.id !== entry.id)
          ? []
          : [{ ...entry, sshHost: host, block: renderLive(state, entry, host, render).join("\n") }],
      );
      if (wanted !== null && hosts.length === 0) {
        throw new CliError(
          "refused",
          `${wanted.name} has no ssh host: ${progressSentence(wanted)}.`,
        );
      }
      if (session.output.json) session.output.result({ items: hosts });
      else if (hosts.length > 0) session.output.line(hosts.map((host) => host.block).join("\n\n"));
      else session.output.note("No reservation is ready, so there is no host to print.");
    });
}
