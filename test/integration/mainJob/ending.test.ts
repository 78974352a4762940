import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { requireTool } from "../../support/requireTool.ts";
import { waitFor } from "../../support/waitFor.ts";
import { makeUser, type User } from "../../support/user.ts";
import { startWholeSystem, type WholeSystem } from "../../support/wholeSystem.ts";
import { advanceLease } from "./leaseTime.ts";

const H100 = ["--gpu-type", "h100", "--gpus", "2", "--hours", "1"];

describe("the main job: other users, and the end", function () {
  this.timeout(60_000);
  let system: WholeSystem;
  let ada: User;
  let bob: User;
  let id: string;

  before(async function () {
    requireTool(this, "ssh", "ssh-keygen");
    system = await startWholeSystem();
    [ada, bob] = await Promise.all([makeUser(system.url), makeUser(system.url)]);
    await ada.gpuDevDone("setup", "--yes", "--as", "ada");
    await bob.gpuDevDone("login", "--as", "bob");
    await ada.gpuDevDone("reserve", ...H100, "--disk", "work", "--name", "demo");
    ({ id } = await ada.show("demo"));
    assert.equal((await ada.ssh("gpu-dev-demo", "echo mine > kept")).code, 0);
  });
  after(async () => {
    for (const user of [ada, bob]) await (user as User | undefined)?.remove();
    await (system as WholeSystem | undefined)?.remove();
  });

  it("S8: another user can neither see nor change the reservation", async () => {
    assert.deepEqual(JSON.parse(await bob.gpuDevDone("list", "--json")), { items: [] });
    const commands = [["show"], ["cancel", "--yes"], ["extend", "--hours", "1"], ["logs"]];
    for (const [command = "", ...options] of commands) {
      assert.equal((await bob.gpuDev(command, id, ...options)).code, 4, command);
    }
    // The command line searches the user's own list, so the server is also asked directly.
    const credentials = await readFile(join(bob.home, ".config/gpu-dev/credentials.json"), "utf8");
    const [token] = /"token": *"([^"]+)"/.exec(credentials)?.slice(1) ?? [];
    assert.ok(token);
    const { status } = await fetch(`${system.url}/v1/reservations/${id}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    assert.equal(status, 404);
    assert.equal((await ada.show("demo")).state, "ready");
  });

  it("N6: the pod refuses another user's key", async () => {
    const block = await ada.gpuDevDone("get-ssh-config", "demo");
    const config = join(bob.home, "stolen.conf");
    await writeFile(config, block.replaceAll(join(ada.home, ".gpu-dev/ssh/id_"), bobsKey()));
    const args = ["-F", config, "-o", "BatchMode=yes", "gpu-dev-demo", "true"];
    const refused = await bob.run("ssh", args);
    assert.equal(refused.code, 255);
    assert.match(refused.stderr, /Permission denied \(publickey\)/);
  });

  it("D1: a second reservation cannot use the disk; the error names the holder and its end", async () => {
    const { expiresAt } = await ada.show("demo");
    const second = await ada.gpuDev("reserve", ...H100, "--disk", "work", "--name", "other");
    assert.equal(second.code, 5);
    assert.match(second.stderr, /work.*demo/s);
    assert.ok(second.stderr.includes(expiresAt?.slice(11, 16) ?? "none"), second.stderr);
    const listed = JSON.parse(await ada.gpuDevDone("list", "--json")) as { items: unknown[] };
    assert.equal(listed.items.length, 1);
  });

  it("N9: after a cancellation, a connection prints why the reservation ended", async () => {
    assert.match(await ada.gpuDevDone("cancel", "demo", "--yes"), /^demo has ended\./m);
    const { code, stderr } = await ada.ssh("gpu-dev-demo", "true");
    assert.equal(code, 255);
    assert.match(stderr, /gpu-dev-demo ended at .*: Cancelled while it was in use\./);
    assert.doesNotMatch(stderr, /Permission denied/);
  });

  it("finds the files on the next reservation with that disk", async () => {
    await ada.gpuDevDone("reserve", ...H100, "--disk", "work", "--name", "next");
    assert.equal((await ada.ssh("gpu-dev-next", "cat kept")).stdout, "mine\n");
  });

  it("ends a five-minute lease by its durable timer, in real time and without a warning", async () => {
    await ada.gpuDevDone("reserve", "--gpu-type", "t4", "--duration", "5m", "--name", "short");
    const short = await ada.show("short");
    const database = new pg.Client({ connectionString: await system.databaseUrl() });
    await database.connect();
    const due = await advanceLease(database, short.id).finally(() => database.end());
    const ended = await waitFor(
      async () => {
        const row = await ada.show("short");
        return row.state === "ended" && row;
      },
      { timeoutMs: 25_000, intervalMs: 300, describe: "the lease to end" },
    );
    assert.equal(ended.endReason, "expired");
    assert.ok(Date.parse(ended.endedAt ?? "") >= due.getTime(), "not before its end");
    assert.doesNotMatch(await ada.gpuDevDone("show", "short"), /It ends in/);
  });

  const bobsKey = () => join(bob.home, ".gpu-dev/ssh/id_");
});
