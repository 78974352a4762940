import { existsSync, realpathSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import type { Command } from "commander";
import { systemClock } from "@gpu-dev/client/clock.ts";
import { type ApiClient, createApiClient } from "@gpu-dev/client/http/apiClient.ts";
import { type ClientPaths, clientPaths } from "@gpu-dev/client/paths.ts";
import type { Credential } from "@gpu-dev/client/signIn/credential.ts";
import { renewStored } from "@gpu-dev/client/signIn/renewStored.ts";
import {
  signedInUsers,
  storedCredential,
  userOf,
} from "@gpu-dev/client/signIn/storedCredentials.ts";
import { DEFAULT_SERVER, serverOrigin as originOf } from "@gpu-dev/client/signIn/server.ts";
import { realFileSystem } from "@gpu-dev/client/ssh/fileSystem.ts";
import type { Deployment } from "@gpu-dev/client/ssh/reservationHosts.ts";
import { openStoredFiles, type StoredFiles } from "@gpu-dev/client/storedFiles.ts";
import packageJson from "../../package.json" with { type: "json" };
import { CliError } from "../output/exitCodes.ts";
import { createOutput, type Output } from "../output/output.ts";
import { programName } from "../output/programName.ts";
export const VERSION: string = packageJson.version;

export interface GlobalOptions {
  readonly json?: boolean;
  readonly server?: string;
  readonly as?: string;
  readonly color?: boolean;
  readonly verbose?: boolean;
}

/** The context of every command: files, server, credential and output. */
export interface Session extends Deployment, StoredFiles {
  readonly output: Output;
  readonly paths: ClientPaths;
  /**
   * False if HOME is not the account's home directory: ssh reads its files from the account's home.
   */
  readonly sshReadsHome: boolean;
  /** The account's home directory. */
  readonly accountHome: string;
  readonly client: ApiClient;
  /** The user of --as or GPU_DEV_USER; undefined for the last user who signed in. */
  readonly user: string | undefined;
  /** The names of all signed-in users of the server, the default user's first. */
  signedInUsers(): Promise<string[]>;
  credential(): Promise<Credential | undefined>;
  /**
   * The credential of the signed-in user. If there is none, throws an error that explains how to
   * sign in.
   */
  requireCredential(): Promise<Credential>;
}

/** Opens the session of a command from its own options and the global ones. */
export async function sessionFor(command: Command): Promise<Session> {
  return openSession(command.optsWithGlobals<GlobalOptions>());
}

export async function openSession(
  options: GlobalOptions,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Session> {
  const { platform } = process;
  const home = homedir();
  const paths = clientPaths({ platform, home, env });
  const output = outputFor(options, env);
  const { settings, credentials } = openStoredFiles(paths);
  const server = serverOrigin(
    options.server ?? env["GPU_DEV_SERVER"] ?? (await settings.read()).server ?? DEFAULT_SERVER,
  );
  const user = options.as ?? userOf(env);
  const stored = async (name?: string) => storedCredential(await credentials.read(), server, name);
  let current = await stored(user);
  const client = createApiClient({
    baseUrl: server,
    token: () => current?.token,
    userAgent: `gpu-dev/${VERSION}`,
    renew: async () => {
      if (current === undefined) return false;
      current = await renewStored(server, credentials, current);
      return current !== undefined;
    },
  });
  const credential = async () => (current = await stored(user));
  const users = async () =>
    signedInUsers(await credentials.read(), server).map((each) => each.user);
  return {
    output,
    fs: realFileSystem,
    paths,
    platform,
    sshReadsHome: userInfo().homedir === home,
    accountHome: userInfo().homedir,
    server,
    client,
    settings,
    credentials,
    explainCommand: [process.execPath, ownScript()],
    now: systemClock.now,
    user,
    shortNameOwner: async () => (await stored())?.user,
    onNewKey: output.note.bind(output, NEW_KEY_TEXT),
    signedInUsers: users,
    credential,
    requireCredential: async () => (await credential()) ?? notSignedIn(server, user, await users()),
  };
}

const NEW_KEY_TEXT =
  "The key pair of this machine was missing or damaged, so a new one was registered. " +
  "Reservations that are already running accept it within a minute.";

function outputFor(
  { json, verbose, color }: GlobalOptions,
  env: Readonly<Record<string, string | undefined>>,
): Output {
  return createOutput({
    json: json === true,
    verbose: verbose === true,
    color: color !== false,
    env,
    program: programName(env, process.argv[1]),
  });
}

/** The origin of a server's URL. Throws a usage error for any other text. */
export function serverOrigin(text: string): string {
  const origin = originOf(text);
  // A bare word is a mistyped value much more often than the name of a host.
  const isAddress = /:|\.|^localhost$/.test(text);
  if (origin !== undefined && isAddress) return origin;
  throw new CliError(
    "usage",
    `"${text}" is not a valid server URL. Give one like ${DEFAULT_SERVER}.`,
  );
}

function notSignedIn(server: string, user: string | undefined, users: readonly string[]): never {
  const others = users.length === 0 ? "" : ` Signed in there: ${users.join(", ")} (use --as).`;
  throw new CliError(
    "notSignedIn",
    user === undefined
      ? `You are not signed in to ${server}. Run "gpu-dev setup" the first time, otherwise "gpu-dev login".${others}`
      : `${user} is not signed in to ${server}. Sign in with: gpu-dev login --as ${user}.${others}`,
  );
}

/**
 * The script that a tombstone runs: the bundle if there is one, because it starts on any newer
 * Node.
 */
function ownScript(): string {
  const running = realpathSync(process.argv[1] ?? "gpu-dev");
  const bundle = running.replace(/bin([/\\])gpu-dev\.js$/, "dist$1gpu-dev.js");
  return existsSync(bundle) ? bundle : running;
}
