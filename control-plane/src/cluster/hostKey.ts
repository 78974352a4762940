import { generateKeyPairSync } from "node:crypto";
import sshpk from "sshpk";

export interface HostKey {
  /** An OpenSSH private key file without a passphrase. */
  readonly privateKey: string;
  /** "ssh-ed25519 AAAA...", without a comment. */
  readonly publicKey: string;
}

/**
 * Generates an Ed25519 key pair in the formats that sshd reads. Node generates it and sshpk encodes
 * it. The public half is passed on, because sshpk's own derivation blocks the process for 30 ms.
 */
export function createHostKey(): HostKey {
  const { d, x } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  if (d === undefined || x === undefined) {
    throw new Error("the generated Ed25519 key pair is incomplete");
  }
  const key = new sshpk.PrivateKey({
    type: "ed25519",
    parts: [
      { name: "A", data: Buffer.from(x, "base64url") },
      { name: "k", data: Buffer.from(d, "base64url") },
    ],
  });
  return { privateKey: key.toString("ssh-private"), publicKey: key.toPublic().toString("ssh") };
}
