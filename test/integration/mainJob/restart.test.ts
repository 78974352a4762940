import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { processesNaming } from "../../support/processes.ts";
import { requireTool } from "../../support/requireTool.ts";
import { waitFor } from "../../support/waitFor.ts";
import { makeUser, type User } from "../../support/user.ts";
import { startWholeSystem, type WholeSystem } from "../../support/wholeSystem.ts";

describe("the main job: a restart during a reservation", function () {
  this.timeout(60_000);
  let system: WholeSystem;
  let user: User;

  before(async function () {
    requireTool(this, "ssh", "ssh-keygen", "setsid");
    system = await startWholeSystem();
    user = await makeUser(system.url);
    await user.gpuDevDone("setup", "--yes");
  });
  after(async () => {
    await (user as User | undefined)?.remove();
    await (system as WholeSystem | undefined)?.remove();
  });

  it("leaves no process, not even a user's daemon, and makes the same reservation ready again", async () => {
    const request = ["--gpu-type", "h100", "--gpus", "2", "--hours", "1", "--disk", "work"];
    await user.gpuDevDone("reserve", ...request, "--name", "demo");
    // The duration of the sleep, unique on this machine, identifies its process.
    const sleepSeconds = `986${String(process.pid)}`;
    const daemon = `echo mine > kept; setsid nohup sleep ${sleepSeconds} > /dev/null 2>&1 &`;
    assert.equal((await user.ssh("gpu-dev-demo", daemon)).code, 0);
    await waitFor(() => processesNaming(sleepSeconds).length > 0, {
      describe: "the daemon to run",
    });
    const before = await user.show("demo");
    const keys = await knownHosts();

    assert.equal(await system.stop(), 0);
    assert.deepEqual(processesNaming(sleepSeconds), []);
    assert.deepEqual(system.folder.processes(), []);

    await system.start();
    const kept = await waitFor(async () => (await user.ssh("gpu-dev-demo", "cat kept")).stdout, {
      timeoutMs: 30_000,
      intervalMs: 200,
      describe: "the pod to return with its files",
    });
    assert.equal(kept, "mine\n");
    const after = await user.show("demo");
    assert.deepEqual(
      [after.id, after.state, after.readyAt, after.expiresAt],
      [before.id, "ready", before.readyAt, before.expiresAt],
    );
    const restarts = (await user.timeline("demo")).filter(
      ({ type }) => type === "reservation.restarted",
    );
    assert.deepEqual(
      restarts.map(({ message }) => message),
      [
        "Its node was down for a moment, so its programs ended. It was restarted; the workspace is unchanged.",
      ],
    );
    assert.equal(keys.split("\n").length, 2, "one pinned key");
    assert.equal(await knownHosts(), keys);
    assert.deepEqual(processesNaming(sleepSeconds), []);
  });

  function knownHosts(): Promise<string> {
    const deployment = new URL(system.url).host.replaceAll(/[.:]/g, "-");
    return readFile(join(user.home, ".gpu-dev/ssh", `${deployment}.known_hosts`), "utf8");
  }
});
