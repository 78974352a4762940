import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { userInfo } from "node:os";
import {
  MAX_SECRET_FILE_BYTES,
  parseDevelopmentSecret,
  signDevelopmentClaims,
} from "@gpu-dev/shared/developmentProof.ts";
import { createApiClient } from "../http/apiClient.ts";
import { systemClock } from "../clock.ts";
import { type Credential, SignInError } from "./credential.ts";

export interface Identity {
  /** Left out: the user that the server proposes. */
  readonly user?: string | undefined;
  /** A private key file; null for our own pair. */
  readonly identity: string | null;
}

/**
 * Development sign-in. The server names a file; because that is a stranger's word until proven, the file is
 * read only for a server on loopback, only when it is ours alone, and only when it can be nothing but such a
 * secret. The secret never travels: a proof of it does, bound to the very address that we called.
 */
export async function developmentToken(server: string, identity: Identity): Promise<Credential> {
  const client = createApiClient({ baseUrl: server });
  const listing = await client.call("listSignInMethods");
  const method = listing.methods.find(({ kind }) => kind === "development");
  if (method === undefined) {
    throw new SignInError(`${server} offers no sign-in that this version knows. Update it.`);
  }
  const { host, hostname: name } = new URL(server);
  if (!isLoopback(name)) {
    throw new SignInError(
      `${server} asks for a development sign-in, which is for this machine only. Nothing was sent.`,
    );
  }
  if (listing.server !== host) {
    throw new SignInError(
      `The server at ${server} calls itself ${listing.server}, so no proof was sent. ` +
        `If that is right, use http://${listing.server} as the server's address.`,
    );
  }
  const secret = await readSecret(method.secretFile);
  const user = identity.user ?? method.defaultUser;
  const claims = { server: listing.server, user, issuedAt: systemClock.now().toISOString() };
  const proof = signDevelopmentClaims(secret, claims);
  const token = await client.call("createToken", {
    body: { kind: "development", ...claims, proof },
  });
  return {
    token: token.token,
    expiresAt: token.expiresAt,
    user: token.user.name,
    subject: user,
    role: token.user.role,
    server: listing.server,
    identity: identity.identity,
  };
}

export function isLoopback(hostName: string): boolean {
  return hostName === "localhost" || hostName === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostName);
}

async function readSecret(path: string): Promise<string> {
  const refuse = (why: string, cause?: unknown) =>
    new SignInError(`The sign-in secret ${path} ${why}.`, { cause });
  // Not blocking: a named pipe in the file's place would hold us for ever.
  const flags = constants.O_RDONLY | (process.platform === "win32" ? 0 : constants.O_NONBLOCK);
  const file = await open(path, flags).catch((error: unknown) => {
    throw refuse("can't be read: only the user who started the server can sign in this way", error);
  });
  try {
    const stats = await file.stat();
    const isMine = process.platform === "win32" || stats.uid === userInfo().uid;
    if (!stats.isFile() || !isMine) throw refuse("is not a file of yours, so it was not used");
    if (process.platform !== "win32" && (stats.mode & 0o077) !== 0) {
      throw refuse("may be read by others, so it was not used; its mode must be 0600");
    }
    if (stats.size > MAX_SECRET_FILE_BYTES) throw refuse("does not look like such a secret");
    const found = parseDevelopmentSecret(await file.readFile("utf8"));
    if (found === undefined) throw refuse("does not look like such a secret");
    return found;
  } finally {
    await file.close();
  }
}
