import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { userInfo } from "node:os";
import type * as z from "zod";
import type { signInMethod } from "@gpu-dev/shared/api/resources.ts";
import {
  MAX_SECRET_FILE_BYTES,
  parseDevelopmentSecret,
  signDevelopmentClaims,
} from "@gpu-dev/shared/developmentProof.ts";
import { systemClock } from "../clock.ts";
import type { ApiClient } from "../http/apiClient.ts";
import type { Credential } from "./credential.ts";
import { SignInError } from "./server.ts";

export interface TokenRequest {
  /** Defaults to the user that the server proposes. */
  readonly user?: string | undefined;
  /** A private key file; undefined for our own pair. */
  readonly identity: string | undefined;
}

type DevelopmentMethod = Extract<z.infer<typeof signInMethod>, { readonly kind: "development" }>;

/**
 * Development sign-in. The server names a secret file. Because the server is not trusted yet, the
 * file is read only if the server is on loopback, the file belongs to this user alone, and its
 * content can be nothing but such a secret. The secret is never sent: a proof made with it is,
 * bound to the address that was called.
 */
export async function signInForDevelopment(
  client: Pick<ApiClient, "baseUrl" | "call">,
  serverName: string,
  method: DevelopmentMethod,
  request: TokenRequest,
): Promise<Credential> {
  const { host, hostname } = new URL(client.baseUrl);
  if (!isLoopback(hostname)) {
    throw new SignInError(
      `${client.baseUrl} offers development sign-in, which works only for a server on this machine. ` +
        "Nothing was sent. Ask the server's operator how to sign in.",
    );
  }
  if (serverName !== host) {
    throw new SignInError(
      `The server at ${client.baseUrl} calls itself ${serverName}, so no proof was sent. ` +
        `If that is right, use http://${serverName} as the server's URL.`,
    );
  }
  const secret = await readSecret(method.secretFile);
  const user = request.user ?? method.defaultUser;
  const claims = { server: serverName, user, issuedAt: systemClock.now().toISOString() };
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
    server: serverName,
    identity: request.identity,
  };
}

function isLoopback(hostName: string): boolean {
  return hostName === "localhost" || hostName === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostName);
}

async function readSecret(path: string): Promise<string> {
  const refuse = (problem: string, cause?: unknown) =>
    new SignInError(`The sign-in secret ${path} ${problem}.`, { cause });
  // Non-blocking: opening a named pipe in the file's place would block forever.
  const flags = constants.O_RDONLY | (process.platform === "win32" ? 0 : constants.O_NONBLOCK);
  const file = await open(path, flags).catch((error: unknown) => {
    throw refuse("can't be read: only the user who started the server can sign in this way", error);
  });
  try {
    const stats = await file.stat();
    const isOwn = process.platform === "win32" || stats.uid === userInfo().uid;
    if (!stats.isFile() || !isOwn)
      throw refuse("is not a regular file of yours, so it was not used");
    if (process.platform !== "win32" && (stats.mode & 0o077) !== 0) {
      throw refuse("is readable by other users, so it was not used; its mode must be 0600");
    }
    if (stats.size > MAX_SECRET_FILE_BYTES)
      throw refuse("is not a sign-in secret, so it was not used");
    const found = parseDevelopmentSecret(await file.readFile("utf8"));
    if (found === undefined) throw refuse("is not a sign-in secret, so it was not used");
    return found;
  } finally {
    await file.close();
  }
}
