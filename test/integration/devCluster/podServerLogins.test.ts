import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { Client } from "ssh2";
import { canLogIn } from "../../../dev-cluster/src/nodeAgent/readiness.ts";
import { LOGIN_LIMITS } from "../../../dev-cluster/src/podServer/loginLimits.ts";
import { readPodSettings } from "../../../dev-cluster/src/podServer/podSettings.ts";
import { startSshServer } from "../../../dev-cluster/src/podServer/sshServer.ts";
import { freePort } from "../../support/freePort.ts";
import { requireTool } from "../../support/requireTool.ts";
import { makeTempDir } from "../../support/tempDir.ts";

const GRACE_MS = 300;

describe("the readiness check of a pod", function () {
  this.timeout(30_000);

  it("succeeds only if the server could check a login, not if it only listens", async function () {
    requireTool(this, "ssh-keygen");
    const directory = await makeTempDir("ssh");
    const { port, settings } = await createPodFiles(directory.path);
    const server = await startSshServer(settings);
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    try {
      assert.equal(await canLogIn("127.0.0.1", port), true);
      rmSync(settings.authorizedKeysFile);
      assert.equal(await canLogIn("127.0.0.1", port), false);
      assert.equal(await canLogIn("127.0.0.1", (silent.address() as AddressInfo).port), false);
    } finally {
      silent.close();
      await server.close();
      await directory.remove();
    }
    assert.equal(await canLogIn("127.0.0.1", port), false);
  });
});

describe("a connection to a pod's SSH server without a login", function () {
  this.timeout(30_000);

  it("is closed when its time is over, also after the exchange of keys; a login stays", async function () {
    requireTool(this, "ssh-keygen");
    const directory = await makeTempDir("ssh");
    const { folder, port, settings } = await createPodFiles(directory.path);
    const limits = { ...LOGIN_LIMITS, exchangeGraceMs: GRACE_MS, loginGraceMs: 2 * GRACE_MS };
    const server = await startSshServer(settings, limits);
    const host = { host: "127.0.0.1", port, username: "dev" };
    const login = new Client();
    const waiting = new Client();
    try {
      login.connect({ ...host, privateKey: readFileSync(join(folder, "id")) });
      await once(login, "ready");
      const silent = connect(port, "127.0.0.1").resume();
      await once(silent, "close");
      waiting.on("error", () => undefined);
      // Never offers a key.
      waiting.connect({ ...host, authHandler: () => undefined });
      await once(waiting, "handshake");
      await once(waiting, "close");
      const command = new Promise((resolve) => {
        login.exec("true", (_error, channel) => channel.on("exit", resolve));
      });
      assert.equal(await command, 0);
    } finally {
      login.end();
      waiting.end();
      await server.close();
      await directory.remove();
    }
  });
});

/** The files of a pod's Secret, with a key that may log in, in an ordinary folder. */
async function createPodFiles(folder: string) {
  const port = await freePort();
  for (const name of ["ssh_host_ed25519_key", "id"]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
  }
  const publicKey = readFileSync(join(folder, "id.pub"), "utf8");
  writeFileSync(join(folder, "authorized_keys"), publicKey);
  const env = { GPU_DEV_SSH_DIR: folder, GPU_DEV_SSH_PORT: String(port), GPU_DEV_USER: "dev" };
  const settings = readPodSettings({ ...env, HOME: folder, GPU_DEV_WORKSPACE: folder });
  return { folder, port, settings };
}
