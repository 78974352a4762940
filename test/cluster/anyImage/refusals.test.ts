import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { waitFor } from "../../support/waitFor.ts";
import { ssh, sshOptions, TARGET, runClient } from "../../support/sshClient.ts";
import { startContainer, type Container, requireContainers } from "./container.ts";

const REFUSED = /Permission denied \(publickey\)/;

describe("logins that the SSH server refuses, with a real ssh", function () {
  this.timeout(60_000);
  let container: Container;

  before(async function () {
    requireContainers(this, "busybox");
    // An image's environment must not decide which keys and users may log in.
    const environment = { GPU_DEV_SSH_DIR: "/none", GPU_DEV_SSH_PORT: "22", GPU_DEV_HOME: "/" };
    container = await startContainer({
      image: "busybox",
      environment: { ...environment, GPU_DEV_WORKSPACE: "/none" },
    });
  });
  after(() => container.stop());

  const logs = (pattern: RegExp) =>
    waitFor(() => pattern.test(container.log()), { describe: String(pattern) });

  it("refuses an unknown key and logs its fingerprint", async () => {
    const key = join(container.folder, "other");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    const attempt = await ssh({ port: container.port, key }, ["true"]);
    assert.equal(attempt.code, 255);
    assert.match(attempt.stderr, REFUSED);
    const printed = execFileSync("ssh-keygen", ["-l", "-f", key], { encoding: "utf8" });
    const fingerprint = printed.split(" ")[1] ?? "";
    await logs(new RegExp(`user "dev" with ${fingerprint.replace(/[+]/g, "\\+")}: refused`));
  });

  it("refuses every other user name, even with a valid key", async () => {
    for (const user of ["root", "ada", "dev\nlogin from 192.0.2.1"]) {
      const args = [...sshOptions(container), "-l", user, "127.0.0.1", "true"];
      const attempt = await runClient("ssh", args);
      assert.equal(attempt.code, 255);
    }
    await logs(/user "root" with SHA256:/);
    assert.doesNotMatch(container.log(), /^[^:]*login from 192/m);
  });

  it("accepts no authentication method except public keys", async () => {
    const others = "password,keyboard-interactive,hostbased,gssapi-with-mic";
    const attempt = await ssh(container, ["-o", `PreferredAuthentications=${others}`, "true"]);
    assert.equal(attempt.code, 255);
    assert.match(attempt.stderr, REFUSED);
  });

  it("offers no algorithm that uses SHA-1", async () => {
    const old = [
      ["KexAlgorithms=diffie-hellman-group14-sha1", /no matching key exchange/],
      ["MACs=hmac-sha1", /no matching MAC/],
    ] as const;
    for (const [option, reason] of old) {
      // ssh uses the first value of an option, and reports the reason at this log level.
      const verbose = ["-o", "LogLevel=INFO", "-o", "Ciphers=aes128-ctr", "-o", option];
      const attempt = await runClient("ssh", [
        ...verbose,
        ...sshOptions(container),
        TARGET,
        "true",
      ]);
      assert.equal(attempt.code, 255);
      assert.match(attempt.stderr, reason);
    }
    assert.equal((await ssh(container, ["-o", "MACs=hmac-sha2-256", "true"])).code, 0);
  });
});
