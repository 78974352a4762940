import { readFile } from "node:fs/promises";
import type { ParsedKey } from "ssh2";
import ssh2 from "ssh2";

const KEY_TYPE = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521))$/;

/**
 * The key of the file that equals the offered one, or undefined. The file is read at each call, so that a key taken out
 * stops working at once. A line with options in front is passed over: an option that we don't honour must not open a door.
 */
export async function findAuthorizedKey(
  file: string,
  offered: Buffer,
): Promise<ParsedKey | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  for (const line of text.split(/\r?\n/)) {
    const [type, blob] = line.trim().split(/\s+/);
    if (type === undefined || blob === undefined || !KEY_TYPE.test(type)) continue;
    if (!Buffer.from(blob, "base64").equals(offered)) continue;
    const key: ParsedKey | Error = ssh2.utils.parseKey(`${type} ${blob}`);
    if (!(key instanceof Error)) return key;
  }
  return undefined;
}
