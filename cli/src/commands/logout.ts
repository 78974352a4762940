import type { Command } from "commander";
import { revokeToken } from "@gpu-dev/client/signIn/signIn.ts";
import { withoutToken } from "@gpu-dev/client/signIn/storedCredentials.ts";
import { sessionFor } from "../session/session.ts";

export function addLogout(program: Command): void {
  program
    .command("logout")
    .description("revoke this machine's token of a user; reservations keep running")
    .action(async (_options: unknown, command: Command) => {
      const session = await sessionFor(command);
      const { output, server } = session;
      const credential = await session.credential();
      if (credential !== undefined) {
        await revokeToken(server, credential.token);
        await session.credentials.update((all) => withoutToken(all, credential.token));
      }
      const others = await session.signedInUsers();
      if (output.json) {
        output.result({
          server,
          user: credential?.user,
          signedOut: credential !== undefined,
        });
        return;
      }
      output.line(
        credential === undefined
          ? `${session.user ?? "You"} ${session.user === undefined ? "were" : "was"} not signed in to ${server}.`
          : `Signed out ${credential.user} of ${server}. Reservations keep running.`,
      );
      if (others.length > 0) output.line(`Still signed in: ${others.join(", ")} (use --as).`);
    });
}
