import { Option } from "commander";
import { type SignedIn, signIn as signInToServer } from "@gpu-dev/client/signIn/signIn.ts";
import { withDefaultUser } from "@gpu-dev/client/signIn/storedCredentials.ts";
import { CliError } from "../output/exitCodes.ts";
import { type Session, VERSION } from "./session.ts";

export interface SignInOptions {
  readonly identity?: string;
  /** No longer an option; see `refuseRole`. */
  readonly role?: string;
}

/** Signs in, stores the token and registers the user's public keys. Used by login and setup. */
export async function signIn(session: Session, options: SignInOptions): Promise<SignedIn> {
  const { server, platform, paths, credentials } = session;
  const signedIn = await signInToServer({
    server,
    userAgent: `gpu-dev/${VERSION}`,
    user: session.user,
    identity: options.identity ?? (await session.settings.read()).identity,
    keys: { platform, ownDir: paths.ownDir, userSshDir: paths.userSshDir },
    store: async (credential) => {
      await credentials.update((all) => withDefaultUser(all, server, credential));
    },
  });
  // From here on, the session's own client uses the new token.
  await session.credential();
  return signedIn;
}

/** Hidden: it exists only so that scripts that use it get an explanation. */
export function roleOption(): Option {
  return new Option("--role <role>").hideHelp();
}

export function refuseRole({ role }: SignInOptions): void {
  if (role === undefined) return;
  throw new CliError(
    "usage",
    "--role is no longer an option: roles come from the server. Ask its operator for the role " +
      `"${role}". With development sign-in, the server's --development-roles assigns it to a user.`,
  );
}
