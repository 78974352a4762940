import assert from "node:assert/strict";
import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkPlatform } from "../../local/src/checks.ts";
import { checkFreeSpace } from "../../local/src/folder/dataFolder.ts";
import { lockFolder } from "../../local/src/folder/folderLock.ts";
import { StartError } from "../../local/src/startError.ts";
import { freePort } from "../support/freePort.ts";
import { skipBecause } from "../support/requireTool.ts";
import { makeStartFolder, startLocal } from "../support/starter.ts";
import { makeTempDir } from "../support/tempDir.ts";
import { copyCheckout } from "../support/checkout.ts";

const embedded = { kubeconfig: null, databaseUrl: null };
const refusal = (exitCode: number, message: RegExp) => (error: unknown) =>
  error instanceof StartError && error.exitCode === exitCode && message.test(error.message);

describe("npm start checks", () => {
  it("refuses a platform that cannot run dev-cluster, and names the alternatives", () => {
    const mac = { platform: "darwin", arch: "arm64", glibc: null };
    assert.throws(
      () => {
        checkPlatform(mac, embedded);
      },
      refusal(5, /--kubeconfig/),
    );
    checkPlatform(mac, { ...embedded, kubeconfig: "k" });
    const alpine = { platform: "linux", arch: "x64", glibc: null };
    assert.throws(
      () => {
        checkPlatform(alpine, embedded);
      },
      refusal(5, /without glibc/),
    );
    checkPlatform(alpine, { kubeconfig: "k", databaseUrl: "d" });
    checkPlatform({ platform: "linux", arch: "arm64", glibc: "2.36" }, embedded);
  });

  it("refuses a nearly full disk and names the folder", async () => {
    const dir = await makeTempDir();
    await assert.rejects(checkFreeSpace(dir.path, 2 ** 60), refusal(6, new RegExp(dir.path)));
    await checkFreeSpace(dir.path, 1);
    await dir.remove();
  });

  it("refuses a data folder that is not writable", async () => {
    const dir = await makeTempDir();
    await writeFile(join(dir.path, "file"), "");
    const start = startLocal(join(dir.path, "file"), await freePort());
    assert.equal(await start.ended(), 7);
    assert.match(start.output(), /can't be written .* --data-dir/);
    await dir.remove();
  });

  it("takes over the lock of an ended process, even if its pid is in use again", async () => {
    const dir = await makeTempDir();
    const running = join(dir.path, "running.json");
    await writeFile(running, JSON.stringify({ pid: process.pid, startMark: "1", url: "http://x" }));
    const unlock = await lockFolder(dir.path, "http://y");
    await assert.rejects(lockFolder(dir.path, "http://z"), refusal(3, /http:\/\/y/));
    await unlock();
    assert.deepEqual(await readdir(dir.path), []);
    await dir.remove();
  });
});

describe("npm start as root in a private checkout", function () {
  this.timeout(90_000);

  it("runs PostgreSQL in a folder that its account can access, and uses it again at the next start", async function () {
    if (process.getuid?.() !== 0) skipBecause(this, "only root runs PostgreSQL as another account");
    const checkout = await copyCheckout();
    const folder = await makeStartFolder();
    const port = await freePort();
    const main = join(checkout.path, "local/src/main.ts");
    try {
      for (const round of ["first", "second"]) {
        const start = startLocal(folder.path, port, { main });
        await start.ready();
        assert.match(
          start.output(),
          /\/var\/lib\/gpu-dev-[0-9a-f]{12}\/postgres \(database\)/,
          round,
        );
        start.child.kill("SIGINT");
        assert.equal(await start.ended(), 0, start.output());
      }
      const home = await stat(join(folder.path, "postgres"));
      assert.notEqual(home.uid, 0);
      assert.equal(home.mode & 0o777, 0o700);
    } finally {
      await folder.remove();
      await checkout.remove();
    }
  });
});
