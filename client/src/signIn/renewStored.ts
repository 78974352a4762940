import type { JsonFile } from "../storedFiles.ts";
import type { Credential } from "./credential.ts";
import { renewCredential, revokeToken } from "./signIn.ts";

/**
 * Renews the stored credential of a server after its token was refused. The store decides: a user
 * who has signed out meanwhile stays signed out, and another user's credential is never replaced.
 * @returns the credential to continue with; undefined if there is none for this user
 */
export async function renewStored(
  server: string,
  credentials: JsonFile<Record<string, Credential>>,
  refused: Credential,
): Promise<Credential | undefined> {
  const before = (await credentials.read())[server];
  if (before?.token !== refused.token) return ofSameUser(before, refused);
  const renewed = await renewCredential(server, refused).catch(() => undefined);
  if (renewed === undefined) return undefined;
  const all = await credentials.update((stored) =>
    stored[server]?.token === refused.token ? { ...stored, [server]: renewed } : stored,
  );
  const after = all[server];
  if (after?.token !== renewed.token) {
    await revokeToken(server, renewed.token).catch(() => undefined);
  }
  return ofSameUser(after, refused);
}

function ofSameUser(stored: Credential | undefined, refused: Credential): Credential | undefined {
  return stored?.user === refused.user ? stored : undefined;
}
