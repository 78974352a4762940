import type { JsonFile } from "../storedFiles.ts";
import type { Credential } from "./credential.ts";
import { renewCredential, revokeToken } from "./signIn.ts";
import { storedCredential, withRenewed } from "./storedCredentials.ts";

/**
 * Renews the stored credential of a user after its token was refused. The store decides: a user
 * who has signed out meanwhile stays signed out, and another user's credential is never replaced.
 * @returns the credential to continue with; undefined if there is none for this user
 */
export async function renewStored(
  server: string,
  credentials: JsonFile<Record<string, Credential>>,
  refused: Credential,
): Promise<Credential | undefined> {
  const find = (all: Record<string, Credential>) =>
    ofSameUser(storedCredential(all, server, refused.user), refused);
  const before = find(await credentials.read());
  if (before?.token !== refused.token) return before;
  const renewed = await renewCredential(server, refused).catch(() => undefined);
  if (renewed === undefined) return undefined;
  const after = find(await credentials.update((all) => withRenewed(all, refused, renewed)));
  if (after?.token !== renewed.token) {
    await revokeToken(server, renewed.token).catch(() => undefined);
  }
  return after;
}

function ofSameUser(stored: Credential | undefined, refused: Credential): Credential | undefined {
  return stored?.user === refused.user ? stored : undefined;
}
