import type { Command } from "commander";
import { localTime } from "@gpu-dev/client/text/times.ts";
import { sessionFor } from "../session/session.ts";
import { refuseRole, roleOption, signIn, type SignInOptions } from "../session/signIn.ts";

export function addLogin(program: Command): void {
  program
    .command("login")
    .description("sign in, and register your SSH public keys")
    .option("--as <name>", "sign in as this user")
    .addOption(roleOption())
    .option("--identity <file>", "use this private key instead of our own key pair")
    .action(async (options: SignInOptions, command: Command) => {
      refuseRole(options);
      const session = await sessionFor(command);
      const { credential, identityFile, keysAdded, keysSkipped } = await signIn(session, options);
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
