import type { Command } from "commander";
import { sessionFor } from "../commandAction.ts";
import { enterServer } from "../enterServer.ts";
import { localTime } from "@gpu-dev/client/text/times.ts";

export function addLogin(program: Command): void {
  program
    .command("login")
    .description("sign in, and register your SSH public keys")
    .option("--as <name>", "sign in as this user")
    .option("--identity <file>", "use this private key instead of a key pair of our own")
    .action(async (options: { as?: string; identity?: string }, command: Command) => {
      const session = await sessionFor(command);
      const { credential, identityFile, keysAdded, keysSkipped } = await enterServer(
        session,
        options,
      );
      const { output, server } = session;
      const { user, role, expiresAt } = credential;
      if (output.json) {
        output.result({ server, user, role, expiresAt, identityFile, keysAdded });
        return;
      }
      const as = role === "user" ? user : `${user} (${role})`;
      output.line(`Signed in to ${server} as ${as} until ${localTime(expiresAt, session.now())}.`);
      output.line(`SSH key: ${identityFile}`);
      for (const skipped of keysSkipped) output.line(`Not registered: ${skipped}`);
    });
}
