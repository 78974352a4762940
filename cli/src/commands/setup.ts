import type { Command } from "commander";
import { listReservations } from "@gpu-dev/client/reservations.ts";
import { hostFilesOf } from "@gpu-dev/client/ssh/reservationHosts.ts";
import { disableInclude } from "@gpu-dev/client/ssh/userConfig.ts";
import { answered, askYesNo, loadPrompts } from "../output/prompts.ts";
import {
  type GlobalOptions,
  openSession,
  serverOrigin,
  type Session,
  sessionFor,
} from "../session/session.ts";
import { refuseRole, roleOption, signIn, type SignInOptions } from "../session/signIn.ts";
import { addInclude, includeProblem, syncSshHosts, userConfigOf } from "../session/sshHosts.ts";

interface SetupOptions extends SignInOptions {
  readonly yes?: boolean;
  readonly remove?: boolean;
}

const CANCEL_TEXT =
  "Setup was stopped. The steps done so far are kept; you can run it again at any time.";

export function addSetup(program: Command): void {
  program
    .command("setup")
    .description(
      "first run: server, sign-in, SSH key and, if you agree, one line in your ssh config",
    )
    .option("-y, --yes", "agree to everything; for scripts")
    .option("--remove", "remove our lines from your ssh config, and our generated ssh files")
    .addOption(roleOption())
    .option("--identity <file>", "use this private key instead of our own key pair")
    .action(async (options: SetupOptions, command: Command) => {
      refuseRole(options);
      const session = await sessionFor(command);
      if (options.remove === true) await remove(session);
      else await setUp(session, options, command.optsWithGlobals<GlobalOptions>());
    });
}

async function setUp(
  initial: Session,
  options: SetupOptions,
  globals: GlobalOptions,
): Promise<void> {
  const session = await withServer(initial, options, globals);
  const { credential, identityFile, isNewKey, keysAdded, keysSkipped } = await signIn(
    session,
    options,
  );
  const { output, server } = session;
  await session.settings.update((all) => ({ ...all, server }));
  const live = await listReservations(session.client, "live");
  const { prefix } = await syncSshHosts(session, credential, live);
  output.note(`Signed in to ${server} as ${credential.user}.`);
  output.note(`SSH key: ${identityFile}${isNewKey ? " (a new pair)" : ""}`);
  for (const skipped of keysSkipped) output.note(`Not registered: ${skipped}`);
  const agreed = await consent(session, options);
  const included = agreed ? await addInclude(session) : undefined;
  if (included?.problem !== undefined) {
    throw includeProblem(session, included.message, included.problem);
  }
  output.note(included?.message ?? "Your ssh config was not changed: printed commands use ssh -F.");
  for (const conflict of included?.conflicts ?? []) output.note(`warning: ${conflict}`);
  if (output.json) {
    const { user, role } = credential;
    output.result({ server, user, role, identityFile, keysAdded, include: agreed, prefix });
  } else {
    output.line('Ready. Try "gpu-dev avail", then "gpu-dev reserve".');
  }
}

async function withServer(
  session: Session,
  options: SetupOptions,
  globals: GlobalOptions,
): Promise<Session> {
  const isGiven = globals.server !== undefined || process.env["GPU_DEV_SERVER"] !== undefined;
  if (isGiven || options.yes === true || !session.output.interactive) return session;
  const { text } = await loadPrompts();
  const question = text({ message: "Server", initialValue: session.server });
  const server = await answered(question, CANCEL_TEXT);
  return openSession({ ...globals, server: serverOrigin(server) });
}

async function consent(session: Session, options: SetupOptions): Promise<boolean> {
  if (options.yes === true) return true;
  if (!session.output.interactive) {
    session.output.note(
      "Without a terminal, setup can't ask whether to change your ssh config: add --yes to agree.",
    );
    return false;
  }
  const config = userConfigOf(session);
  return askYesNo(
    `Put one Include line first in ${config.path}, so that "ssh gpu-dev-NAME" works everywhere?`,
    CANCEL_TEXT,
  );
}

async function remove(session: Session): Promise<void> {
  const config = userConfigOf(session);
  const include = await disableInclude(config);
  const files = hostFilesOf(session);
  await files.remove();
  const { output, server } = session;
  if (output.json) {
    output.result({ include, removedFrom: files.paths.dir });
    return;
  }
  output.line(
    include === "removed"
      ? `Our lines were removed from ${config.path}.`
      : `${config.path} has no lines of ours.`,
  );
  output.line(
    `The generated hosts of ${server} were deleted; your key pair in ${files.paths.dir} stays.`,
  );
}
