import { readFileSync } from "node:fs";
import ssh2, { type AuthContext, type ParsedKey } from "ssh2";

const KEY_TYPE = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521))$/;

/**
 * The keys that may log in, by their base64 text. The file is read at each call, so that a removed
 * key stops working immediately, and without Node's threads for files, which other requests may
 * occupy. Lines with options in front are skipped: a key whose restrictions this server cannot
 * enforce must not log in. Throws an Error if the file cannot be read.
 */
export function readLoginKeys(file: string): ReadonlyMap<string, ParsedKey> {
  const keys = new Map<string, ParsedKey>();
  for (const line of readFileSync(file, "utf8").split(/\r?\n/)) {
    const [type, text] = line.trim().split(/\s+/);
    if (type === undefined || text === undefined || !KEY_TYPE.test(type)) continue;
    const key: ParsedKey | Error = ssh2.utils.parseKey(`${type} ${text}`);
    if (!(key instanceof Error)) keys.set(key.getPublicSSH().toString("base64"), key);
  }
  return keys;
}

/** @returns the key that logs in, as base64; undefined if the attempt fails or only asks */
export function decideLogin(
  context: AuthContext,
  user: string | undefined,
  keys: ReadonlyMap<string, ParsedKey>,
): string | undefined {
  if (context.method !== "publickey" || (user !== undefined && context.username !== user)) {
    context.reject(["publickey"]);
    return undefined;
  }
  const text = context.key.data.toString("base64");
  const key = keys.get(text);
  const { signature, blob, hashAlgo } = context;
  // Without the name of a hash, RSA signs with SHA-1.
  const isWeak = key?.type === "ssh-rsa" && hashAlgo === undefined;
  if (key === undefined || isWeak) {
    context.reject(["publickey"]);
    return undefined;
  }
  if (signature === undefined) {
    // The client only asks whether the server would accept the key.
    context.accept();
    return undefined;
  }
  // The library returns an Error for a signature that it cannot read, against its types.
  const verified: unknown = blob === undefined ? false : key.verify(blob, signature, hashAlgo);
  if (verified !== true) {
    context.reject(["publickey"]);
    return undefined;
  }
  return text;
}
