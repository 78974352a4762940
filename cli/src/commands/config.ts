import { Argument, type Command } from "commander";
import { hostFilesOf } from "@gpu-dev/client/ssh/reservationHosts.ts";
import { disableInclude } from "@gpu-dev/client/ssh/userConfig.ts";
import { CliError } from "../output/exitCodes.ts";
import { askYesNo } from "../output/prompts.ts";
import { renderFields } from "../output/table.ts";
import { serverOrigin, type Session, sessionFor } from "../session/session.ts";
import {
  addInclude,
  includeProblem,
  type IncludeState,
  includeState,
  unreadText,
  userConfigOf,
} from "../session/sshHosts.ts";

export function addConfig(program: Command): void {
  const config = program.command("config").description("settings of this command on this machine");
  config
    .command("show")
    .description("settings, and the files that are used")
    .action(async (_options: unknown, command: Command) => {
      await show(await sessionFor(command));
    });
  config
    .command("set")
    .description("change a setting: server URL, identity FILE|own, ssh-include enable|disable")
    .addArgument(new Argument("<setting>").choices(["server", "identity", "ssh-include"]))
    .argument("<value>")
    .option("-y, --yes", "agree to the Include line; for scripts")
    .action(
      async (setting: string, value: string, options: { yes?: boolean }, command: Command) => {
        const session = await sessionFor(command);
        const message = await set(session, setting, value, options.yes === true);
        if (session.output.json) session.output.result({ setting, value });
        else session.output.line(message);
      },
    );
}

async function show(session: Session): Promise<void> {
  const { paths, server, output } = session;
  const { identity } = await session.settings.read();
  const credential = await session.credential();
  const include = await includeState(session);
  const users = await session.signedInUsers();
  const values = {
    server,
    user: credential?.user,
    signedInUsers: users,
    identity: identity ?? "own",
    sshInclude: include === "works",
    sshConfig: paths.userSshConfig,
    hostsFile: hostFilesOf(session).paths.index,
    configFile: paths.configFile,
    credentialsFile: paths.credentialsFile,
  };
  if (output.json) {
    output.result(values);
    return;
  }
  const others = users.filter((user) => user !== values.user);
  const includeTexts: Record<IncludeState, string> = {
    works: `enabled in ${values.sshConfig}`,
    absent: "disabled",
    unread: `enabled, but ${unreadText(session)}`,
  };
  const fields: [string, string | undefined][] = [
    ["server", values.server],
    ["signed in as", values.user ?? "(not signed in)"],
    ["also signed in", others.length === 0 ? undefined : `${others.join(", ")} (use --as)`],
    ["identity", values.identity === "own" ? "our own key pair" : values.identity],
    ["ssh-include", includeTexts[include]],
    ["hosts file", values.hostsFile],
    ["settings", values.configFile],
    ["credentials", values.credentialsFile],
  ];
  for (const line of renderFields(fields)) output.line(line.slice(2));
}

async function set(
  session: Session,
  setting: string,
  value: string,
  yes: boolean,
): Promise<string> {
  switch (setting) {
    case "server": {
      const server = serverOrigin(value);
      await session.settings.update((all) => ({ ...all, server }));
      return `Commands now use ${server}.`;
    }
    case "identity": {
      await session.settings.update((all) => ({
        ...Object.fromEntries(Object.entries(all).filter(([key]) => key !== "identity")),
        ...(value === "own" ? {} : { identity: value }),
      }));
      return 'Saved. Run "gpu-dev login" to register that key.';
    }
    default:
      return setInclude(session, value, yes);
  }
}

async function setInclude(session: Session, value: string, yes: boolean): Promise<string> {
  const { path } = userConfigOf(session);
  if (value === "disable") return removeInclude(session);
  if (value !== "enable") {
    throw new CliError("usage", `ssh-include takes enable or disable, not "${value}".`);
  }
  if (!yes && session.output.interactive) {
    const cancelText = `${path} was not changed.`;
    const agreed = await askYesNo(`Put one Include line first in ${path}?`, cancelText);
    if (!agreed) throw new CliError("interrupted", cancelText);
  } else if (!yes) {
    throw new CliError("usage", `Add --yes to agree to one Include line in ${path}.`);
  }
  const { message, problem, conflicts } = await addInclude(session);
  for (const conflict of conflicts) session.output.note(`warning: ${conflict}`);
  if (problem !== undefined) throw includeProblem(session, message, problem);
  return message;
}

async function removeInclude(session: Session): Promise<string> {
  const config = userConfigOf(session);
  return (await disableInclude(config)) === "removed"
    ? `Our lines were removed from ${config.path}.`
    : `${config.path} has no lines of ours.`;
}
