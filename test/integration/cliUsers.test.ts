import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { requireTool } from "../support/requireTool.ts";
import { makeUser, type User } from "../support/user.ts";
import { startWholeSystem, type WholeSystem } from "../support/wholeSystem.ts";

/** Two users of one server in one home folder, each with a ready reservation named demo. */
describe("the command line with two signed-in users", function () {
  this.timeout(120_000);
  let system: WholeSystem;
  let place: User;

  before(async function () {
    requireTool(this, "ssh", "ssh-keygen");
    system = await startWholeSystem();
    place = await makeUser(system.url);
    for (const user of ["bob", "eve"]) {
      await place.gpuDevDone("login", "--as", user);
      await place.gpuDevDone("reserve", "-t", "cpu-x86", "--name", "demo");
    }
  });
  after(async () => {
    await place.remove();
    await system.remove();
  });

  const whoseHost = async (host: string) => {
    const { code, stdout, stderr } = await place.ssh(host, "echo $GPU_DEV_RESERVATION_ID");
    assert.equal(code, 0, `${host}: ${stderr}`);
    return stdout.trim();
  };
  const idOf = async (user: string) => {
    const shown = JSON.parse(await place.gpuDevDone("show", "demo", "--as", user, "--json")) as {
      reservation: { id: string; owner: { name: string } };
    };
    assert.equal(shown.reservation.owner.name, user);
    return shown.reservation.id;
  };

  it("login gives the short host names to the new user, and keeps the hosts of the other", async () => {
    for (const [user, other] of [
      ["bob", "eve"],
      ["eve", "bob"],
    ] as const) {
      await place.gpuDevDone("login", "--as", user);
      const config = await readFile(join(place.home, ".gpu-dev/ssh/config"), "utf8");
      assert.match(config, /Include/);
      assert.equal(await whoseHost("gpu-dev-demo"), await idOf(user));
      assert.equal(await whoseHost(`gpu-dev-${other}-demo`), await idOf(other));
    }
  });

  it("--as and GPU_DEV_USER run one command as another user, and move no host name", async () => {
    await place.gpuDevDone("login", "--as", "eve");
    const list = JSON.parse(await place.gpuDevDone("list", "--as", "bob", "--json")) as {
      items: { owner: { name: string } }[];
    };
    assert.deepEqual(
      list.items.map(({ owner }) => owner.name),
      ["bob"],
    );
    assert.equal(await whoseHost("gpu-dev-demo"), await idOf("eve"));
    const asBob = await place.run("env", [
      "GPU_DEV_USER=bob",
      process.execPath,
      new URL("../../cli/bin/gpu-dev.js", import.meta.url).pathname,
      "show",
      "demo",
    ]);
    assert.match(asBob.stdout, /Connect +ssh (-F \S+ )?gpu-dev-bob-demo\n/);
    assert.equal((await place.gpuDev("connect", "demo", "--as", "bob", "--", "true")).code, 0);
  });

  it("an unknown user of --as gets the command that signs in", async () => {
    const { code, stderr } = await place.gpuDev("list", "--as", "mallory");
    assert.equal(code, 3);
    assert.match(stderr, /mallory is not signed in to .* login --as mallory/);
    assert.match(stderr, /Signed in there: .*bob/);
  });

  it("setup, like login, writes the hosts of the user at once", async () => {
    await place.gpuDevDone("setup", "--yes", "--as", "bob");
    assert.equal(await whoseHost("gpu-dev-demo"), await idOf("bob"));
  });

  it("logout signs out one user; the others stay signed in", async () => {
    await place.gpuDevDone("login", "--as", "carol");
    await place.gpuDevDone("logout", "--as", "carol");
    assert.equal((await place.gpuDev("list", "--as", "carol")).code, 3);
    assert.equal((await place.gpuDev("list", "--as", "bob")).code, 0);
  });
});
