import { createHash, randomBytes } from "node:crypto";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** Creates an id: 80 random bits as 16 Crockford base32 characters. The caller names its kind. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- a brand
export function newId<Id extends string>(): Id {
  return encode(randomBytes(10)) as Id;
}

/**
 * Derives an id from a text. The same text gives the same id, so a primary key refuses a second
 * use.
 */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- a brand
export function idOf<Id extends string>(text: string): Id {
  return encode(createHash("sha256").update(text).digest().subarray(0, 10)) as Id;
}

function encode(tenBytes: Uint8Array): string {
  let bits = 0n;
  for (const byte of tenBytes) bits = (bits << 8n) | BigInt(byte);
  let text = "";
  for (let i = 0; i < 16; i += 1) {
    text = (ALPHABET[Number(bits & 31n)] ?? "0") + text;
    bits >>= 5n;
  }
  return text;
}
