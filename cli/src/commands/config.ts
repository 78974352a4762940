import { type Command, Argument } from "commander";
import { disableInclude } from "@gpu-dev/client/ssh/userConfig.ts";
import { sessionFor } from "../commandAction.ts";
import { CliError } from "../exitCodes.ts";
import { addInclude } from "../includeSetup.ts";
import { askYesNo } from "../prompts.ts";
import type { Session } from "../session.ts";
import { serverOrigin } from "../settings.ts";
import { hostFilesOf, sshOptions, userConfigOf } from "../sshHosts.ts";
import { renderFields } from "../table.ts";

export function addConfig(program: Command): void {
  const config = program.command("config").description("settings of this command on this machine");
  config
    .command("show")
    .description("settings, and where files lie")
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
        const said = await set(session, setting, value, options.yes === true);
        if (session.output.json) session.output.result({ setting, value });
        else session.output.line(said);
      },
    );
}

async function show(session: Session): Promise<void> {
  const { identity } = await session.settings.read();
  const credential = await session.credential();
  const { paths, index } = { paths: session.paths, index: hostFilesOf(session, "").paths.index };
  const included = (await sshOptions(session)).length === 0;
  const values = {
    server: session.server,
    user: credential?.user ?? null,
    identity: identity ?? "own",
    sshInclude: included,
    sshConfig: paths.userSshConfig,
    hostsFile: index,
    configFile: paths.configFile,
    credentialsFile: paths.credentialsFile,
  };
  if (session.output.json) {
    session.output.result(values);
    return;
  }
  const fields: [string, string][] = [
    ["server", values.server],
    ["signed in as", values.user ?? "nobody"],
    ["identity", values.identity === "own" ? "our own key pair" : values.identity],
    ["ssh-include", included ? `enabled in ${values.sshConfig}` : "disabled"],
    ["hosts file", values.hostsFile],
    ["settings", values.configFile],
    ["credentials", values.credentialsFile],
  ];
  for (const line of renderFields(fields)) session.output.line(line.slice(2));
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
      return `Commands now talk to ${server}.`;
    }
    case "identity": {
      await session.settings.update((all) => ({
        ...(all.server === undefined ? {} : { server: all.server }),
        ...(value === "own" ? {} : { identity: value }),
      }));
      return 'Saved. Run "gpu-dev login" to register that key.';
    }
    default:
      return await setInclude(session, value, yes);
  }
}

async function setInclude(session: Session, value: string, yes: boolean): Promise<string> {
  const config = userConfigOf(session);
  if (value === "disable") {
    const result = await disableInclude(config);
    return result === "removed"
      ? `Our lines are gone from ${config.path}.`
      : `${config.path} held no lines of ours.`;
  }
  if (value !== "enable")
    throw new CliError("usage", "Say ssh-include enable or ssh-include disable.");
  if (!yes && session.output.interactive) {
    const nothing = `${config.path} was not touched.`;
    const agreed = await askYesNo(`Put one Include line first in ${config.path}?`, nothing);
    if (!agreed) throw new CliError("interrupted", nothing);
  } else if (!yes) {
    throw new CliError("usage", `Add --yes to agree to one Include line in ${config.path}.`);
  }
  return await addInclude(session);
}
