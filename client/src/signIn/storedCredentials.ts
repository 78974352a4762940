import type { Credential } from "./credential.ts";

/**
 * The credentials of one machine. The one of a server's default user is stored under the server's
 * origin, where versions with one user per server look for it; those of its other signed-in users
 * are stored under "<origin>#<user>".
 */
export type StoredCredentials = Readonly<Record<string, Credential>>;

/** The credential of a signed-in user of a server; without a name, that of its default user. */
export function storedCredential(
  all: StoredCredentials,
  server: string,
  user?: string,
): Credential | undefined {
  if (user === undefined) return all[server];
  const credentials = signedInUsers(all, server);
  return (
    credentials.find((credential) => credential.user === user) ??
    // The server gives another name to a user whose own was taken.
    credentials.find((credential) => credential.subject === user)
  );
}

/** The credentials of every signed-in user of a server, the default user's first. */
export function signedInUsers(all: StoredCredentials, server: string): Credential[] {
  const others = Object.keys(all).filter((key) => key.startsWith(`${server}#`));
  return [server, ...others.sort()].flatMap((key) => all[key] ?? []);
}

/** Stores a credential and makes its user the default one. The previous one stays signed in. */
export function withDefaultUser(
  all: StoredCredentials,
  server: string,
  credential: Credential,
): Record<string, Credential> {
  const previous = all[server];
  const others = Object.entries(all).filter(([key]) => key !== slotOf(server, credential.user));
  return {
    ...Object.fromEntries(others),
    ...(previous === undefined || previous.user === credential.user
      ? {}
      : { [slotOf(server, previous.user)]: previous }),
    [server]: credential,
  };
}

/** Replaces the credential that holds the refused token; unchanged if there is none. */
export function withRenewed(
  all: StoredCredentials,
  refused: Credential,
  renewed: Credential,
): Record<string, Credential> {
  return Object.fromEntries(
    Object.entries(all).map(([key, credential]) => [
      key,
      credential.token === refused.token ? renewed : credential,
    ]),
  );
}

export function withoutToken(all: StoredCredentials, token: string): Record<string, Credential> {
  return Object.fromEntries(
    Object.entries(all).filter(([, credential]) => credential.token !== token),
  );
}

/** The user that GPU_DEV_USER names. An empty variable counts as unset. */
export function userOf(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { GPU_DEV_USER: user } = env;
  return user === "" ? undefined : user;
}

function slotOf(server: string, user: string): string {
  return `${server}#${user}`;
}
