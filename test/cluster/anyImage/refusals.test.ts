import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { waitFor } from "../../support/waitFor.ts";
import { runTool } from "../support/runTool.ts";
import { requireContainers, ssh, sshOptions, TARGET } from "./client.ts";
import { startContainer, type Container } from "./container.ts";

const REFUSED = /Permission denied \(publickey\)/;

describe("who is not let in, by the word of a real ssh", function () {
  this.timeout(60_000);
  let container: Container;

  before(async function () {
    requireContainers(this, "busybox");
    // What an image sets says nothing of who may log in, nor where.
    const environment = { GPU_DEV_SSH_DIR: "/none", GPU_DEV_SSH_PORT: "22", GPU_DEV_HOME: "/" };
    container = await startContainer({
      ...{ image: "busybox", environment: { ...environment, GPU_DEV_WORKSPACE: "/none" } },
    });
  });
  after(() => container.stop());

  const logs = (pattern: RegExp) =>
    waitFor(() => pattern.test(container.log()), { describe: String(pattern) });

  it("refuses a key that the file does not have, and says which", async () => {
    const key = join(container.folder, "other");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    const attempt = await ssh({ port: container.port, key }, ["true"]);
    assert.equal(attempt.code, 255);
    assert.match(attempt.stderr, REFUSED);
    const print = execFileSync("ssh-keygen", ["-l", "-f", key], { encoding: "utf8" });
    const fingerprint = print.split(" ")[1] ?? "";
    await logs(new RegExp(`user "dev" with ${fingerprint.replace(/[+]/g, "\\+")}: refused`));
  });

  it("refuses every other name, with the right key too", async () => {
    for (const user of ["root", "ada", "dev\nlogin from 192.0.2.1"]) {
      const args = [...sshOptions(container), "-l", user, "127.0.0.1", "true"];
      const attempt = await runTool("ssh", args);
      assert.equal(attempt.code, 255);
    }
    await logs(/user "root" with SHA256:/);
    assert.doesNotMatch(container.log(), /^[^:]*login from 192/m);
  });

  it("has no passwords, nor anything else but keys", async () => {
    const others = "password,keyboard-interactive,hostbased,gssapi-with-mic";
    const attempt = await ssh(container, ["-o", `PreferredAuthentications=${others}`, "true"]);
    assert.equal(attempt.code, 255);
    assert.match(attempt.stderr, REFUSED);
  });

  it("speaks nothing that has SHA-1 in it", async () => {
    const old = [
      ["KexAlgorithms=diffie-hellman-group14-sha1", /no matching key exchange/],
      ["MACs=hmac-sha1", /no matching MAC/],
    ] as const;
    for (const [option, why] of old) {
      // The first value of an option is the one that counts, and what we look for is told at this level.
      const told = ["-o", "LogLevel=INFO", "-o", "Ciphers=aes128-ctr", "-o", option];
      const attempt = await runTool("ssh", [...told, ...sshOptions(container), TARGET, "true"]);
      assert.equal(attempt.code, 255);
      assert.match(attempt.stderr, why);
    }
    assert.equal((await ssh(container, ["-o", "MACs=hmac-sha2-256", "true"])).code, 0);
  });
});
