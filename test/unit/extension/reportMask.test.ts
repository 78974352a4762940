import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import fc from "fast-check";
import { mask } from "../../../extension/src/report/masking.ts";

const ADA = { secrets: [], home: "/home/ada", users: ["ada"] };
const masked = (text: string, more: Partial<Parameters<typeof mask>[1]> = {}) =>
  mask(text, { ...ADA, ...more });

describe("masking a report", () => {
  it("masks a known secret in every encoding", () => {
    const secret = 'p%"a/s+s wörd';
    const base64 = Buffer.from(secret).toString("base64");
    for (const text of [secret, encodeURIComponent(secret), JSON.stringify(secret), base64]) {
      const out = masked(`before ${text} after`, { secrets: [secret] });
      assert.match(out, /^before "?<secret>=*"? after$/);
    }
  });

  it("masks private keys, complete or truncated, and the data of public keys", () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    assert.equal(masked(`a\n${pem}b`), "a\n<key>\nb");
    assert.equal(masked(`a\n${pem.slice(0, 60)}`), "a\n<key>");
    const data = `AAAAC3NzaC1lZDI1NTE5AAAAI${randomBytes(32).toString("base64")}`;
    const line = `[127.0.0.1]:2222 ssh-ed25519 ${data}`;
    assert.equal(masked(line), "[127.0.0.1]:2222 ssh-ed25519 <key>");
    assert.equal(masked(`"${data}"`), '"<key>"');
    const fingerprint = randomBytes(32).toString("base64").replace(/=+$/, "");
    assert.equal(masked(`SHA256:${fingerprint} ok`), "SHA256:<fingerprint> ok");
  });

  it("masks text that looks like a credential, and keeps the text around it", () => {
    const cases: Record<string, string> = {
      "authorization: Bearer abcdef123456": "authorization: <secret> <secret>",
      "sent Basic YWRhOmxvdmVsYWNl": "sent Basic <secret>",
      '{"token":"abc","user":"bob"}': '{"token":"<secret>","user":"bob"}',
      "PGPASSWORD=hunter2 psql": "PGPASSWORD=<secret> psql",
      "login --api-key hunter2 now": "login --api-key <secret> now",
      "x-amz-security-token: IQoJb3": "x-amz-security-token: <secret>",
      "https://bob:p@ss@example.org/x": "https://<secret>@example.org/x",
      AKIAIOSFODNN7EXAMPLE: "<secret>",
      "key wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY.": "key <secret>.",
      "saw eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln": "saw <secret>",
      ghp_0123456789abcdefABCD: "<secret>",
      [`gpudev_${"aB3-".repeat(10)}xyz`]: "<secret>",
      "0123456789abcdef0123456789abcdef0123": "<secret>",
      "mail bob.b+x@mail.example.org now": "mail <e-mail> now",
    };
    for (const [text, wanted] of Object.entries(cases)) assert.equal(masked(text), wanted);
  });

  it("keeps what is needed to understand a report", () => {
    for (const text of [
      "3d594650-3436-4a5b-8b1e-0b1c2d3e4f50",
      "gpu-dev-0123456789abcdef-1-0 on ip-10-0-1-23-us-east-2-compute-internal",
      "2026-11-23T14:30:00.000Z [error] Error: at run (file:///opt/gpu-dev/dist/extension.cjs:10:3)",
      "HostName 127.0.0.1, Port 20001, 000000000000000a ready, generation 3",
    ]) {
      assert.equal(masked(text), text);
    }
  });

  it("writes the home folder as ~ in every notation, but not longer names with the same prefix", () => {
    assert.equal(masked("/home/ada/.ssh and /home/ada"), "~/.ssh and ~");
    assert.equal(masked("file:///home/ada/x %2Fhome%2Fada%2Fx"), "file:~/x ~%2Fx");
    assert.equal(masked("/home/adam/x"), "/home/<user>/x");
    const windows = { home: "C:\\Users\\Ada L", users: ["Ada L"] };
    for (const home of [
      "C:\\Users\\Ada L",
      "c:/Users/ada l",
      "C:\\\\Users\\\\Ada L",
      "/c%3A/Users/Ada%20L",
    ])
      assert.equal(masked(`${home}/x`, windows), "~/x");
    assert.equal(masked("/ and /etc/x", { home: "/" }), "/ and /etc/x");
  });

  it("masks the user's names as whole words, but not the product's name", () => {
    const text = "Ada's demo: gpu-dev-ada-demo, ada_2, canada, gpu-dev";
    assert.equal(masked(text), "<user>'s demo: gpu-dev-<user>-demo, <user>_2, canada, gpu-dev");
    assert.equal(masked("gpu-dev of dev", { users: ["dev", ""] }), "gpu-dev of <user>");
    assert.equal(masked("a (b)", { users: ["(b)"] }), "a <user>");
  });

  it("lets no secret, home or user name through, and masking twice changes nothing", () => {
    const token = fc.string({
      unit: fc.constantFrom(..."abcdef0123456789XYZ-_/+"),
      minLength: 24,
      maxLength: 60,
    });
    const noise = fc.constantFrom(
      "=",
      ":",
      " ",
      '"',
      "token",
      "<secret>",
      "\n",
      "/",
      "\\",
      "ssh-ed25519 ",
      "@",
      "gpu-dev",
      "Bearer ",
      "<",
      "%",
    );
    fc.assert(
      fc.property(
        token,
        fc.array(fc.oneof(noise, fc.string()), { maxLength: 8 }),
        (secret, around) => {
          const options = { secrets: [secret], home: "/home/zoltán", users: ["zoltán"] };
          const text = around
            .flatMap((piece) => [piece, secret, "\n/home/zoltán/x zoltán "])
            .join("");
          const out = mask(text, options);
          assert.ok(!out.includes(secret));
          assert.ok(!out.includes("zoltán"));
          assert.equal(mask(out, options), out);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("takes time linear in the length of the text", () => {
    for (const piece of [
      "a",
      "token",
      "-",
      "a@",
      "a.",
      "-----BEGIN PRIVATE KEY-----",
      "A/",
      "://",
      "\\",
      "--secret",
      "AAAA",
    ]) {
      const started = performance.now();
      masked(piece.repeat(Math.ceil(60_000 / piece.length)));
      assert.ok(performance.now() - started < 5_000, `slow for ${piece}`);
    }
  });
});
