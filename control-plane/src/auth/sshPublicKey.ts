import { createHash, createPublicKey } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";

export interface SshPublicKey {
  /** Type and key as in authorized_keys, without options and comment. */
  readonly publicKey: string;
  readonly fingerprint: string;
  readonly comment: string;
}

const MIN_RSA_BITS = 2_048;
/** OpenSSH verifies no larger ones. */
const MAX_RSA_BITS = 16_384;
const MAX_EXPONENT_BYTES = 8;
const CURVES: Record<string, string> = {
  "ecdsa-sha2-nistp256": "nistp256",
  "ecdsa-sha2-nistp384": "nistp384",
  "ecdsa-sha2-nistp521": "nistp521",
  "sk-ecdsa-sha2-nistp256@openssh.com": "nistp256",
};
const ED25519 = ["ssh-ed25519", "sk-ssh-ed25519@openssh.com"];

/**
 * Reads one line of an OpenSSH public key file. Written here because neither sshpk nor ssh2 parses
 * the FIDO types (sk-), and because sshpk repairs malformed input that must be refused.
 * @returns the key, or a user-facing message that says what is wrong with it
 */
export function parseSshPublicKey(line: string): SshPublicKey | string {
  const text = line.trim();
  if (/[\p{Cc}\u2028\u2029]/u.test(text)) {
    return "Give one public key on one line, without control characters.";
  }
  if (/\p{Bidi_Control}/u.test(text)) {
    return "The key's comment has characters that change the direction of text. Remove them.";
  }
  const [type = "", base64 = "", ...words] = text.split(/ +/);
  if (type === "ssh-dss")
    return "DSA keys are too weak. Create another one with: ssh-keygen -t ed25519";
  if (!ED25519.includes(type) && type !== "ssh-rsa" && !Object.hasOwn(CURVES, type)) {
    return "A public key begins with its type, such as ssh-ed25519; options before it are not accepted. Paste the content of a .pub file.";
  }
  const blob = decodeBase64(base64);
  const fields = blob && readFields(blob);
  if (!fields) {
    return "The key is cut off or not valid base64. Copy the whole line of the .pub file.";
  }
  const problem = checkFields(type, fields);
  if (problem !== undefined) return problem;
  return {
    publicKey: `${type} ${base64}`,
    fingerprint: `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`,
    comment: words.join(" ").slice(0, 128).toWellFormed(),
  };
}

function decodeBase64(text: string): Buffer | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

/**
 * Splits the length-prefixed strings of the SSH wire format (RFC 4251); undefined unless they fill
 * the blob exactly.
 */
function readFields(blob: Buffer): Buffer[] | undefined {
  const fields: Buffer[] = [];
  let offset = 0;
  while (offset < blob.length) {
    if (offset + 4 > blob.length) return undefined;
    const end = offset + 4 + blob.readUInt32BE(offset);
    if (end > blob.length) return undefined;
    fields.push(blob.subarray(offset + 4, end));
    offset = end;
  }
  return fields;
}

function checkFields(type: string, fields: readonly Buffer[]): string | undefined {
  if (fields[0]?.toString("latin1") !== type) {
    return "The key is not of the type that its line begins with. Copy the whole line of the .pub file.";
  }
  const hasApplication = type.startsWith("sk-");
  if (ED25519.includes(type)) {
    const point = fields[1];
    if (fields.length !== (hasApplication ? 3 : 2) || point?.length !== 32) {
      return "An Ed25519 key must have 32 bytes.";
    }
    return isStrongEd25519Point(point)
      ? undefined
      : "The Ed25519 key is not a usable point of its curve. Create another one with: ssh-keygen -t ed25519";
  }
  if (type === "ssh-rsa") return checkRsa(fields);
  const curve = fields[1]?.toString("latin1");
  const point = fields[2];
  const pointBytes = { nistp256: 65, nistp384: 97, nistp521: 133 }[curve ?? ""];
  if (
    fields.length !== (hasApplication ? 4 : 3) ||
    curve === undefined ||
    curve !== CURVES[type] ||
    point?.length !== pointBytes ||
    point?.[0] !== 4
  ) {
    return "The ECDSA key's curve or point does not match its type.";
  }
  return isOnCurve(curve, point)
    ? undefined
    : "The ECDSA key's point is not on its curve. Create another one with: ssh-keygen -t ed25519";
}

/** OpenSSL refuses a point that is not on the curve. */
function isOnCurve(curve: string, point: Buffer): boolean {
  const size = (point.length - 1) / 2;
  const key = {
    kty: "EC",
    crv: curve.replace("nistp", "P-"),
    x: point.subarray(1, 1 + size).toString("base64url"),
    y: point.subarray(1 + size).toString("base64url"),
  };
  try {
    createPublicKey({ key, format: "jwk" });
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether the bytes are the canonical form of a point whose order is not small: the eight points of
 * small order accept signatures that no key made.
 */
function isStrongEd25519Point(bytes: Buffer): boolean {
  try {
    return !ed25519.Point.fromBytes(bytes).isSmallOrder();
  } catch {
    return false;
  }
}

function checkRsa(fields: readonly Buffer[]): string | undefined {
  const [, exponent, modulus] = fields;
  if (fields.length !== 3 || !exponent || !modulus || modulus.length === 0) {
    return "The RSA key is incomplete.";
  }
  if (!isPositive(exponent) || !isPositive(modulus)) return "The RSA key has an invalid number.";
  const significant = modulus[0] === 0 ? modulus.subarray(1) : modulus;
  const bits = significant.length * 8 - Math.clz32(significant[0] ?? 0) + 24;
  const another = "Create another one with: ssh-keygen -t ed25519";
  if (bits < MIN_RSA_BITS) {
    return `The RSA key has ${String(bits)} bits; at least ${String(MIN_RSA_BITS)} are required. ${another}`;
  }
  if (bits > MAX_RSA_BITS) {
    return `The RSA key has ${String(bits)} bits; at most ${String(MAX_RSA_BITS)} are accepted. ${another}`;
  }
  if (isEven(modulus)) return `The RSA key's modulus is even, so it is not secure. ${another}`;
  const isWeak = isEven(exponent) || (exponent.length === 1 && (exponent[0] ?? 0) < 3);
  return isWeak || exponent.length > MAX_EXPONENT_BYTES
    ? `The RSA key's public exponent is not secure. ${another}`
    : undefined;
}

/** A positive number in the canonical form of RFC 4251: no sign bit, no superfluous zero. */
function isPositive(number: Buffer): boolean {
  const [first = 0, second = 0] = number;
  return number.length > 0 && first < 0x80 && !(first === 0 && second < 0x80);
}

function isEven(number: Buffer): boolean {
  return ((number.at(-1) ?? 0) & 1) === 0;
}
