import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  createDevelopmentSecret,
  signDevelopmentClaims,
} from "@gpu-dev/shared/developmentProof.ts";
import { Second } from "@gpu-dev/shared/durations.ts";
import { createDevelopmentSignIn } from "../../../control-plane/src/auth/methods/development.ts";
import { parseSshPublicKey } from "../../../control-plane/src/auth/sshPublicKey.ts";
import { newToken, readBearer } from "../../../control-plane/src/auth/token.ts";
import { requireTool } from "../../support/requireTool.ts";
import { makeTempDir } from "../../support/tempDir.ts";

const field = (value: Buffer | string): Buffer => {
  const bytes = Buffer.from(value as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};
const line = (type: string, ...fields: (Buffer | string)[]): string =>
  `${type} ${Buffer.concat([type, ...fields].map(field)).toString("base64")}`;
const modulusOf = (bits: number): Buffer => {
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  const n = Buffer.from(publicKey.export({ format: "jwk" }).n ?? "", "base64url");
  return Buffer.concat([Buffer.from([0]), n]);
};
const coordinate = (key: KeyObject, name: "x" | "y"): Buffer =>
  Buffer.from(key.export({ format: "jwk" })[name] ?? "", "base64url");
const ED25519_POINT = coordinate(generateKeyPairSync("ed25519").publicKey, "x");
const ED25519 = line("ssh-ed25519", ED25519_POINT);
const P256 = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey;
const POINT = Buffer.concat([Buffer.from([4]), coordinate(P256, "x"), coordinate(P256, "y")]);
const hex = (text: string): Buffer => Buffer.from(text, "hex");
const EXPONENT = Buffer.from([1, 0, 1]);
/** The points whose order divides 8, without those that differ only in the sign of x. */
const SMALL_ORDER = {
  "the point of order 1": `01${"00".repeat(31)}`,
  "the point of order 2": `ec${"ff".repeat(30)}7f`,
  "the point of order 4, all zeros": "00".repeat(32),
  "a point of order 8": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "another point of order 8": "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "a number that is not below the prime": `ee${"ff".repeat(30)}7f`,
  "a number without a point": "02".padEnd(64, "0"),
};

describe("SSH public keys", () => {
  const accepted: Record<string, string> = {
    ed25519: ED25519,
    ecdsa: line("ecdsa-sha2-nistp256", "nistp256", POINT),
    "rsa of 2048 bits": line("ssh-rsa", Buffer.from([1, 0, 1]), modulusOf(2_048)),
    "a FIDO ed25519": line("sk-ssh-ed25519@openssh.com", ED25519_POINT, "ssh:"),
    "a FIDO ecdsa": line("sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", POINT, "ssh:"),
  };
  for (const [what, key] of Object.entries(accepted)) {
    it(`accepts ${what}, and separates type, key and comment`, () => {
      const parsed = parseSshPublicKey(`  ${key} me at work \n`);
      assert.ok(typeof parsed !== "string", `refused: ${key}`);
      assert.equal(parsed.publicKey, key);
      assert.equal(parsed.comment, "me at work");
      assert.match(parsed.fingerprint, /^SHA256:[A-Za-z0-9+/]{43}$/);
    });
  }

  const refused: Record<string, [string, RegExp]> = {
    DSA: [line("ssh-dss", "x"), /DSA/],
    "RSA of 1024 bits": [line("ssh-rsa", Buffer.from([1, 0, 1]), modulusOf(1_024)), /1024 bits/],
    "RSA of 2047 bits": [
      line(
        "ssh-rsa",
        Buffer.from([1, 0, 1]),
        Buffer.concat([Buffer.from([0x7f]), Buffer.alloc(255)]),
      ),
      /2047 bits/,
    ],
    "leading options": [`command="sh" ${ED25519}`, /options/],
    "two lines": [`${ED25519}\n${ED25519}`, /one line/],
    "a carriage return": [`${ED25519} a\rb`, /control/],
    "a NUL": [`${ED25519} a\0b`, /control/],
    "a truncated key": [ED25519.slice(0, -8), /cut off/],
    "invalid base64": [`ssh-ed25519 %%%%`, /base64/],
    "a key of another type": [ED25519.replace("ssh-ed25519 ", "ssh-rsa "), /not of the type/],
    "a short ed25519": [line("ssh-ed25519", Buffer.alloc(31)), /32 bytes/],
    "a curve that does not match its type": [
      line("ecdsa-sha2-nistp384", "nistp256", POINT),
      /curve/,
    ],
    "an ECDSA point that is not on its curve": [
      line(
        "ecdsa-sha2-nistp256",
        "nistp256",
        Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 1)]),
      ),
      /not on its curve/,
    ],
    "an RSA exponent of 1": [
      line("ssh-rsa", Buffer.from([1]), modulusOf(2_048)),
      /exponent is not secure/,
    ],
    "an even RSA exponent": [
      line("ssh-rsa", Buffer.from([1, 0, 0]), modulusOf(2_048)),
      /exponent is not secure/,
    ],
    "a huge RSA exponent": [
      line("ssh-rsa", Buffer.alloc(9, 1), modulusOf(2_048)),
      /exponent is not secure/,
    ],
    "a negative RSA modulus": [
      line("ssh-rsa", EXPONENT, Buffer.alloc(256, 0xff)),
      /invalid number/,
    ],
    "an even RSA modulus": [
      line("ssh-rsa", EXPONENT, Buffer.concat([Buffer.alloc(299, 0x41), Buffer.from([0])])),
      /modulus is even/,
    ],
    "an RSA key of 20,000 bits": [
      line("ssh-rsa", EXPONENT, Buffer.alloc(2_500, 0x41)),
      /at most 16384/,
    ],
    "a character that changes the direction of text": [`${ED25519} a\u202eb`, /direction of text/],
    "a line separator": [`${ED25519} a\u2028b`, /control/],
    ...Object.fromEntries(
      Object.entries(SMALL_ORDER).map(([what, point]): [string, [string, RegExp]] => [
        `as an Ed25519 key ${what}`,
        [line("ssh-ed25519", hex(point)), /not a usable point/],
      ]),
    ),
    "a private key": ["-----BEGIN OPENSSH PRIVATE KEY-----", /begins with its type/],
    "an empty text": ["", /begins with its type/],
    "the name of an inherited property": ["constructor AAAA", /begins with its type/],
  };
  for (const [what, [key, message]] of Object.entries(refused)) {
    it(`refuses ${what} and explains why`, () => {
      const parsed = parseSshPublicKey(key);
      assert.ok(typeof parsed === "string", "it was accepted");
      assert.match(parsed, message);
    });
  }

  it("limits the length of the comment", () => {
    const parsed = parseSshPublicKey(`${ED25519} ${"c".repeat(5_000)}`);
    assert.ok(typeof parsed !== "string");
    assert.equal(parsed.comment.length, 128);
  });

  it("computes the same fingerprint as ssh-keygen for generated keys", async function () {
    requireTool(this, "ssh-keygen");
    const dir = await makeTempDir("keys");
    for (const [type, bits] of [
      ["ed25519", "256"],
      ["ecdsa", "521"],
      ["rsa", "2048"],
    ] as const) {
      const file = join(dir.path, type);
      execFileSync("ssh-keygen", ["-q", "-t", type, "-b", bits, "-N", "", "-f", file, "-C", "me"]);
      const listed = execFileSync("ssh-keygen", ["-l", "-f", `${file}.pub`], { encoding: "utf8" });
      const parsed = parseSshPublicKey(readFileSync(`${file}.pub`, "utf8"));
      assert.ok(typeof parsed !== "string", `refused: ${type}`);
      assert.equal(listed.split(" ")[1], parsed.fingerprint);
    }
    await dir.remove();
  });
});

describe("tokens and proofs", () => {
  it("reads only tokens in our format", () => {
    const token = newToken();
    assert.equal(readBearer(`Bearer ${token}`), token);
    assert.equal(readBearer(`bearer ${token}`), token);
    for (const header of [
      undefined,
      "",
      token,
      `Basic ${token}`,
      `Bearer ${token}x`,
      `Bearer ${token} x`,
    ]) {
      assert.equal(readBearer(header), undefined, header);
    }
  });

  it("S2: development sign-in accepts a proof within a minute in either direction", async () => {
    const dir = await makeTempDir("sign-in");
    const secret = createDevelopmentSecret();
    const secretFile = join(dir.path, "secret");
    writeFileSync(secretFile, secret, { mode: 0o600 });
    const roles = new Map([["ann", "operator"]] as const);
    const method = await createDevelopmentSignIn({ secretFile, roles });
    const claims = { server: "a:1", user: "ann", issuedAt: "2026-01-01T00:00:00.000Z" };
    const proof = signDevelopmentClaims(secret, claims);
    const verify = (seconds: number, server = "a:1") => {
      const now = new Date(Date.parse(claims.issuedAt) + seconds * Second.ms);
      return method.verify({ kind: "development", ...claims, proof }, { server, now });
    };
    for (const seconds of [-60, 0, 60]) {
      assert.deepEqual(await verify(seconds), {
        provider: "development",
        subject: "ann",
        name: "ann",
        role: "operator",
        proof,
      });
    }
    await assert.rejects(verify(61), /too long ago/);
    await assert.rejects(verify(-61), /clock is off/);
    await assert.rejects(verify(0, "b:1"), /bound to a:1, but this server is b:1/);
    await dir.remove();
  });
});
