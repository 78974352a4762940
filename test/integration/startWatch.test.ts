import assert from "node:assert/strict";
import { appendFile, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { copyCheckout } from "../support/checkout.ts";
import { freePort } from "../support/freePort.ts";
import { makeStartFolder, startLocal, type StartFolder, type Starter } from "../support/starter.ts";
import type { TempDir } from "../support/tempDir.ts";
import { waitFor } from "../support/waitFor.ts";

describe("npm run dev", function () {
  this.timeout(120_000);
  let checkout: TempDir;
  let folder: StartFolder;
  let start: Starter;
  let url: string;

  beforeEach(async () => {
    checkout = await copyCheckout();
    folder = await makeStartFolder();
    const port = await freePort();
    url = `http://127.0.0.1:${String(port)}`;
    const main = join(checkout.path, "local/src/main.ts");
    start = startLocal(folder.path, port, { main, args: ["--watch"] });
    await start.ready();
  });
  afterEach(async () => {
    start.child.kill("SIGINT");
    await start.ended();
    await folder.remove();
    await checkout.remove();
  });

  it("restarts only the part whose sources changed, and one Ctrl-C ends everything", async () => {
    const before = pids();
    await appendFile(join(checkout.path, "shared/src/names.ts"), "// changed\n");
    await waitForOutput("Restarted the control plane");
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
    const afterFirst = pids();
    assert.notEqual(afterFirst.controlPlane, before.controlPlane);
    assert.equal(afterFirst.devCluster, before.devCluster);
    assert.equal(afterFirst.postgres, before.postgres);

    await appendFile(join(checkout.path, "dev-cluster/src/clock.ts"), "// changed\n");
    await waitForOutput("Restarted the dev cluster");
    const afterSecond = pids();
    assert.notEqual(afterSecond.devCluster, before.devCluster);
    assert.equal(afterSecond.controlPlane, afterFirst.controlPlane);
    assert.equal(afterSecond.postgres, before.postgres);
    await waitFor(async () => (await fetch(`${url}/readyz`)).status === 200, {
      timeoutMs: 30_000,
      describe: "the control plane to be ready with the restarted cluster",
    });

    start.child.kill("SIGINT");
    assert.equal(await start.ended(), 0, start.output());
    assert.deepEqual(folder.processes(), []);
  });

  it("notices the next change of a file that an editor replaced", async () => {
    const file = join(checkout.path, "control-plane/src/config.ts");
    await writeFile(`${file}.new`, `${await readFile(file, "utf8")}// replaced\n`);
    await rename(`${file}.new`, file);
    await waitForOutput("Restarted the control plane");
    await appendFile(file, "// changed in place\n");
    await waitFor(() => start.output().split("Restarted the control plane").length === 3, {
      timeoutMs: 30_000,
      describe: "the second restart",
    });
  });

  it("restarts a part that is killed, without a change", async () => {
    const before = pids();
    process.kill(before.devCluster, "SIGKILL");
    await waitForOutput("Restarted the dev cluster");
    assert.notEqual(pids().devCluster, before.devCluster);
    assert.equal(pids().controlPlane, before.controlPlane);
  });

  it("shows why a changed part does not start, and starts it after the next change", async () => {
    const file = join(checkout.path, "control-plane/src/config.ts");
    const original = await readFile(file, "utf8");
    await writeFile(file, `${original}\nthrow new Error("a mistake in the sources");\n`);
    await waitForOutput("Waiting for a change to restart the control plane");
    assert.match(start.output(), /a mistake in the sources/);
    assert.equal(start.child.exitCode, null);

    await writeFile(file, original);
    await waitForOutput("Restarted the control plane");
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
  });

  function waitForOutput(text: string): Promise<unknown> {
    return waitFor(() => start.output().includes(text), {
      timeoutMs: 30_000,
      describe: `the output to show "${text}":\n${start.output()}`,
    });
  }

  function pids() {
    const running = folder.processes();
    const pidOf = (text: string): number => {
      const found = running.find(({ command }) => command.includes(text));
      assert.ok(found, `no process has ${text} in its command`);
      return found.pid;
    };
    return {
      controlPlane: pidOf("control-plane/src/main.ts"),
      devCluster: pidOf("dev-cluster/src/main.ts"),
      postgres: pidOf("bin/postgres"),
    };
  }
});
