import { createApiClient } from "@gpu-dev/client/http/apiClient.ts";
import { ensureOwnKey } from "@gpu-dev/client/ssh/ownKey.ts";
import type { Session } from "./session.ts";
import { pathOptionsOf } from "./sshHosts.ts";
import type { Credential } from "@gpu-dev/client/signIn/credential.ts";
import { developmentToken } from "@gpu-dev/client/signIn/developmentSignIn.ts";
import { registerKeys } from "@gpu-dev/client/ssh/publicKeys.ts";

export interface EnterOptions {
  readonly as?: string | undefined;
  readonly identity?: string | undefined;
}

export interface Entered {
  readonly credential: Credential;
  readonly identityFile: string;
  readonly keysAdded: number;
  readonly keysSkipped: readonly string[];
}

/** Signs in, keeps the token and registers the user's public keys. What login and setup share. */
export async function enterServer(session: Session, options: EnterOptions): Promise<Entered> {
  const identity = options.identity ?? (await session.settings.read()).identity ?? null;
  const identityFile = identity ?? (await ensureOwnKey(pathOptionsOf(session)));
  const credential = await developmentToken(session.server, {
    user: options.as,
    identity,
  });
  const client = createApiClient({ baseUrl: session.server, token: () => credential.token });
  const keys = await registerKeys(client, {
    userSshDir: session.paths.userSshDir,
    identityFile,
  });
  await session.credentials.update((all) => ({ ...all, [session.server]: credential }));
  // The session's own client speaks with the fresh token from here on.
  await session.credential();
  return { credential, identityFile, keysAdded: keys.added, keysSkipped: keys.skipped };
}
