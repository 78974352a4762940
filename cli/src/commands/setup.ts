import type { Command } from "commander";
import { disableInclude } from "@gpu-dev/client/ssh/userConfig.ts";
import { sessionFor } from "../commandAction.ts";
import { enterServer } from "../enterServer.ts";
import { listAll } from "../findReservation.ts";
import { addInclude } from "../includeSetup.ts";
import { answered, askYesNo, loadPrompts } from "../prompts.ts";
import { openSession, type GlobalOptions, type Session } from "../session.ts";
import { serverOrigin } from "../settings.ts";
import { hostFilesOf, syncSshHosts, userConfigOf } from "../sshHosts.ts";

interface SetupOptions {
  readonly yes?: boolean;
  readonly remove?: boolean;
  readonly as?: string;
  readonly identity?: string;
}

const NOTHING = "Setup was stopped. What was done so far stays; run it again at any time.";

export function addSetup(program: Command): void {
  program
    .command("setup")
    .description(
      "first run: server, sign-in, SSH key and, if you agree, one line in your ssh config",
    )
    .option("-y, --yes", "agree to everything; for scripts")
    .option("--remove", "take our lines out of your ssh config and delete our generated ssh files")
    .option("--as <name>", "sign in as this user")
    .option("--identity <file>", "use this private key instead of a key pair of our own")
    .action(async (options: SetupOptions, command: Command) => {
      const session = await sessionFor(command);
      if (options.remove === true) await remove(session);
      else await setUp(session, options, command.optsWithGlobals<GlobalOptions>());
    });
}

async function setUp(first: Session, options: SetupOptions, globals: GlobalOptions): Promise<void> {
  const session = await withServer(first, options, globals);
  const entered = await enterServer(session, options);
  await session.settings.update((all) => ({ ...all, server: session.server }));
  const state = await syncSshHosts(session, entered.credential, await listAll(session, "live"));
  const { output } = session;
  output.note(`Signed in to ${session.server} as ${entered.credential.user}.`);
  output.note(`SSH key: ${entered.identityFile}`);
  for (const skipped of entered.keysSkipped) output.note(`Not registered: ${skipped}`);
  const agreed = await consent(session, options);
  if (agreed) {
    output.note(await addInclude(session));
  } else {
    output.note("Your ssh config was not touched: commands will be printed with ssh -F.");
  }
  if (output.json) {
    const { user, role } = entered.credential;
    const { identityFile, keysAdded } = entered;
    output.result({
      server: session.server,
      user,
      role,
      identityFile,
      keysAdded,
      include: agreed,
      prefix: state.prefix,
    });
  } else {
    output.line('Ready. Try "gpu-dev avail", then "gpu-dev reserve".');
  }
}

async function withServer(
  session: Session,
  options: SetupOptions,
  globals: GlobalOptions,
): Promise<Session> {
  const given = globals.server !== undefined || process.env["GPU_DEV_SERVER"] !== undefined;
  if (given || options.yes === true || !session.output.interactive) return session;
  const { text } = await loadPrompts();
  const server = await answered(text({ message: "Server", initialValue: session.server }), NOTHING);
  return await openSession({ ...globals, server: serverOrigin(server) });
}

async function consent(session: Session, options: SetupOptions): Promise<boolean> {
  if (options.yes === true) return true;
  if (!session.output.interactive) {
    session.output.note(
      "Without a terminal nobody can agree to a line in your ssh config: add --yes.",
    );
    return false;
  }
  const config = userConfigOf(session);
  return await askYesNo(
    `Put one Include line first in ${config.path}, so that "ssh gpu-dev-NAME" works everywhere?`,
    NOTHING,
  );
}

async function remove(session: Session): Promise<void> {
  const config = userConfigOf(session);
  const result = await disableInclude(config);
  const files = hostFilesOf(session, "");
  await files.remove();
  const { output } = session;
  if (output.json) {
    output.result({ include: result, removedFrom: files.paths.dir });
    return;
  }
  output.line(
    result === "removed"
      ? `Our lines are gone from ${config.path}.`
      : `${config.path} held no lines of ours.`,
  );
  output.line(
    `The generated hosts for ${session.server} are deleted; your key pair in ${files.paths.dir} stays.`,
  );
}
