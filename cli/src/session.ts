import { homedir, userInfo } from "node:os";
import { createApiClient, type ApiClient } from "@gpu-dev/client/http/apiClient.ts";
import { type CliPaths, cliPaths } from "./cliPaths.ts";
import { systemClock } from "@gpu-dev/client/clock.ts";
import { CliError } from "./exitCodes.ts";
import { type JsonFile, jsonFile } from "./jsonFile.ts";
import { createOutput, type Output } from "./output.ts";
import { type Credential, DEFAULT_SERVER } from "@gpu-dev/client/signIn/credential.ts";
import { credentialsSchema, serverOrigin, type Settings, settingsSchema } from "./settings.ts";
import { developmentToken } from "@gpu-dev/client/signIn/developmentSignIn.ts";
import { VERSION } from "./version.ts";

export interface GlobalOptions {
  readonly json?: boolean;
  readonly server?: string;
  readonly color?: boolean;
  readonly verbose?: boolean;
}

/** What every command works with: where things lie, whom one talks to, how one speaks. */
export interface Session {
  readonly output: Output;
  readonly paths: CliPaths;
  readonly platform: NodeJS.Platform;
  /** False where HOME is not the account's home: ssh reads its files there, whatever HOME says. */
  readonly sshReadsHome: boolean;
  readonly server: string;
  readonly client: ApiClient;
  readonly settings: JsonFile<Settings>;
  readonly credentials: JsonFile<Record<string, Credential>>;
  readonly now: () => Date;
  credential(): Promise<Credential | undefined>;
  /** The signed-in user, or an error that says how to sign in. */
  requireCredential(): Promise<Credential>;
}

export async function openSession(
  options: GlobalOptions,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Session> {
  const { platform } = process;
  const home = homedir();
  const paths = cliPaths({ platform, home, env });
  const output = createOutput({
    json: options.json === true,
    verbose: options.verbose === true,
    color: options.color !== false,
    env,
  });
  const settings = jsonFile(paths.configFile, settingsSchema, {});
  const credentials = jsonFile(paths.credentialsFile, credentialsSchema, {});
  const server = serverOrigin(
    options.server ?? env["GPU_DEV_SERVER"] ?? (await settings.read()).server ?? DEFAULT_SERVER,
  );
  let current = (await credentials.read())[server];
  const client = createApiClient({
    baseUrl: server,
    token: () => current?.token,
    userAgent: `gpu-dev/${VERSION}`,
    renew: async () => {
      const fresh = await signInAgain(server, current);
      if (fresh === null) return false;
      current = fresh;
      await credentials.update((all) => ({ ...all, [server]: fresh }));
      return true;
    },
  });
  const credential = async () => (current = (await credentials.read())[server]);
  return {
    output,
    paths,
    platform,
    sshReadsHome: userInfo().homedir === home,
    server,
    client,
    settings,
    credentials,
    now: systemClock.now,
    credential,
    requireCredential: async () => (await credential()) ?? notSignedIn(server),
  };
}

/** Signs in again as the same user, where that takes no question; null where it does not work. */
async function signInAgain(
  server: string,
  old: Credential | undefined,
): Promise<Credential | null> {
  if (old === undefined) return null;
  try {
    return await developmentToken(server, {
      user: old.subject ?? old.user,
      identity: old.identity,
    });
  } catch {
    return null;
  }
}

function notSignedIn(server: string): never {
  throw new CliError(
    "notSignedIn",
    `You are not signed in to ${server}. Run "gpu-dev setup" the first time, else "gpu-dev login".`,
  );
}
