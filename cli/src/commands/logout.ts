import type { Command } from "commander";
import { isUnauthenticated } from "@gpu-dev/client/http/apiClient.ts";
import { createApiClient } from "@gpu-dev/client/http/apiClient.ts";
import { sessionFor } from "../commandAction.ts";

export function addLogout(program: Command): void {
  program
    .command("logout")
    .description("revoke the token of this machine; reservations go on")
    .action(async (_options: unknown, command: Command) => {
      const session = await sessionFor(command);
      const { output, server } = session;
      const credential = await session.credential();
      if (credential !== undefined) {
        // A client that does not renew: signing in again to sign out would be absurd.
        const client = createApiClient({ baseUrl: server, token: () => credential.token });
        await client.call("revokeToken").catch((error: unknown) => {
          if (!isUnauthenticated(error)) throw error;
        });
        await session.credentials.update((all) =>
          Object.fromEntries(Object.entries(all).filter(([key]) => key !== server)),
        );
      }
      if (output.json) output.result({ server, signedOut: credential !== undefined });
      else if (credential === undefined) output.line(`You were not signed in to ${server}.`);
      else output.line(`Signed out of ${server}. Reservations go on until their end.`);
    });
}
