import type { Command } from "commander";
import { revokeToken } from "@gpu-dev/client/signIn/signIn.ts";
import { sessionFor } from "../session/session.ts";

export function addLogout(program: Command): void {
  program
    .command("logout")
    .description("revoke this machine's token; reservations keep running")
    .action(async (_options: unknown, command: Command) => {
      const session = await sessionFor(command);
      const { output, server } = session;
      const credential = await session.credential();
      if (credential !== undefined) {
        await revokeToken(server, credential.token);
        await session.credentials.update((all) =>
          Object.fromEntries(Object.entries(all).filter(([key]) => key !== server)),
        );
      }
      if (output.json) output.result({ server, signedOut: credential !== undefined });
      else if (credential === undefined) output.line(`You were not signed in to ${server}.`);
      else output.line(`Signed out of ${server}. Your reservations keep running.`);
    });
}
