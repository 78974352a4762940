import type { Command } from "commander";
import { listReservations } from "@gpu-dev/client/reservations.ts";
import { localTime } from "@gpu-dev/client/text/times.ts";
import { type Session, sessionFor } from "../session/session.ts";
import { refuseRole, roleOption, signIn, type SignInOptions } from "../session/signIn.ts";
import { syncSshHosts } from "../session/sshHosts.ts";

export function addLogin(program: Command): void {
  program
    .command("login")
    .description("sign in, register your SSH public keys, and write your ssh hosts")
    .addOption(roleOption())
    .option("--identity <file>", "use this private key instead of our own key pair")
    .addHelpText("after", EXAMPLES)
    .action(async (options: SignInOptions, command: Command) => {
      refuseRole(options);
      const session = await sessionFor(command);
      const { credential, identityFile, isNewKey, keysAdded, keysSkipped } = await signIn(
        session,
        options,
      );
      const { output, server } = session;
      const { user, role, expiresAt } = credential;
      await writeHosts(session);
      const others = (await session.signedInUsers()).filter((name) => name !== user);
      if (output.json) {
        output.result({ server, user, role, expiresAt, identityFile, keysAdded });
        return;
      }
      const as = role === "user" ? user : `${user} (${role})`;
      output.line(`Signed in to ${server} as ${as} until ${localTime(expiresAt, session.now())}.`);
      output.line(`SSH key: ${identityFile}${isNewKey ? " (a new pair)" : ""}`);
      for (const skipped of keysSkipped) output.line(`Not registered: ${skipped}`);
      if (others.length > 0) output.line(`Also signed in: ${others.join(", ")} (use --as).`);
    });
}

const EXAMPLES = `
Examples:
  gpu-dev login                sign in as the user that the server proposes
  gpu-dev login --as bob       another user; those who signed in before stay signed in
  gpu-dev list --as bob        one command as that user
  export GPU_DEV_USER=bob      all commands of this terminal`;

/** The hosts get their short names for the user who signed in last. */
async function writeHosts(session: Session): Promise<void> {
  const credential = await session.requireCredential();
  await syncSshHosts(session, credential, await listReservations(session.client, "live"));
}
