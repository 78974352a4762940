import { lstat, readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import type { Role } from "@gpu-dev/shared/api/resources.ts";
import {
  MAX_PROOF_AGE_MS,
  parseDevelopmentSecret,
  signDevelopmentClaims,
} from "@gpu-dev/shared/developmentProof.ts";
import { NAME_PATTERN } from "@gpu-dev/shared/names.ts";
import { Refusal } from "../../domain/refusal.ts";
import type { SignInFacts, SignInMethod, SignInRequest } from "../../domain/signInMethod.ts";
import { hashesEqual } from "../token.ts";

export interface DevelopmentOptions {
  readonly secretFile: string;
  /** The roles of the users named here; all others have the role `user`. */
  readonly roles: ReadonlyMap<string, Role>;
}

/**
 * Sign-in for one machine: a proof made with a secret that only the user who started the server can
 * read. The holder of the secret may sign in as any user.
 */
export async function createDevelopmentSignIn(options: DevelopmentOptions): Promise<SignInMethod> {
  const { secretFile, roles } = options;
  const secret = await readSecret(secretFile);
  return {
    kind: "development",
    describe: () => ({ kind: "development", secretFile, defaultUser: defaultUser() }),
    verify: async (request, facts) => {
      checkProof(secret, request, facts);
      const { user, proof } = request;
      return Promise.resolve({
        provider: "development",
        subject: user,
        name: user,
        role: roles.get(user) ?? "user",
        proof,
      });
    },
  };
}

/** The name of the operating system user who started the server, turned into a user name. */
export function defaultUser(whoAmI: () => { readonly username: string } = userInfo): string {
  const name = accountName(whoAmI)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^[^a-z]+|-+$/g, "");
  return NAME_PATTERN.test(name) ? name : "dev";
}

/** Checks that the proof was made with the secret, for this server, within the last minute. */
function checkProof(secret: string, request: SignInRequest, { server, now }: SignInFacts): void {
  if (request.server !== server) {
    throw refuse(
      `The sign-in is bound to ${request.server}, but this server is ${server}. Sign in again with this server's address.`,
    );
  }
  const ageMs = now.getTime() - Date.parse(request.issuedAt);
  if (Math.abs(ageMs) > MAX_PROOF_AGE_MS) {
    throw refuse(
      "The sign-in was made too long ago, or this machine's clock is off by more than a minute. Sign in again.",
    );
  }
  const expected = signDevelopmentClaims(secret, request);
  if (!hashesEqual(Buffer.from(expected), Buffer.from(request.proof))) {
    throw refuse(
      "The proof does not match the server's secret. Check that the secret file belongs to the running server.",
    );
  }
}

function refuse(detail: string): Refusal {
  return new Refusal("invalid_credentials", detail);
}

/**
 * Reads the secret. It is only as safe as the permissions of its file, so anything but a regular
 * file of this process's user with mode 0600 is refused.
 */
async function readSecret(path: string): Promise<string> {
  const file = await lstat(path).catch((cause: unknown) => {
    throw new Error(`the development secret ${path} cannot be read; check the path`, { cause });
  });
  if (!file.isFile()) throw new Error(`the development secret ${path} is not a regular file`);
  if (process.getuid !== undefined && file.uid !== process.getuid()) {
    throw new Error(
      `the development secret ${path} belongs to another user; only a file of this process's user is trusted`,
    );
  }
  if ((file.mode & 0o077) !== 0) {
    throw new Error(`the development secret ${path} can be read by others; run: chmod 600 ${path}`);
  }
  const secret = parseDevelopmentSecret(await readFile(path, "utf8"));
  if (secret === undefined) {
    throw new Error(
      `the development secret ${path} does not hold a secret of the form gpu-dev-secret-<43 characters>; make a new one`,
    );
  }
  return secret;
}

/** In an image the process's user id may have no account; reading its name then throws. */
function accountName(whoAmI: () => { readonly username: string }): string {
  try {
    return whoAmI().username;
  } catch {
    return "";
  }
}
