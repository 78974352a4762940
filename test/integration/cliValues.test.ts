import assert from "node:assert/strict";
import { requireTool } from "../support/requireTool.ts";
import { makeTempDir, type TempDir } from "../support/tempDir.ts";
import { type ApiUnderTest, startApi } from "./api/apiUnderTest.ts";
import { type CliPlace, runCli } from "./cliUnderTest.ts";

/** Against a real control plane without a cluster: every request stays queued. */
describe("values and names on the command line", function () {
  this.timeout(60_000);
  let api: ApiUnderTest;
  let dir: TempDir;
  let place: CliPlace;

  before(async function () {
    requireTool(this, "ssh", "ssh-keygen");
    dir = await makeTempDir("cli");
    api = await startApi();
    place = { server: api.url, home: dir.path };
    const login = await runCli(place, "login", "--as", "ada");
    assert.equal(login.code, 0, login.err);
  });
  after(async () => {
    await api.stop();
    await dir.remove();
  });

  for (const [name, ...args] of [
    ["--hours above the limit", "-t", "h100", "--hours", "49"],
    ["--duration below the limit", "-t", "h100", "--duration", "4m"],
    ["an impossible count", "-t", "h100", "-g", "9"],
    ["an unknown type", "-t", "h101"],
    ["an unknown image", "-t", "h100", "--image", "nope"],
  ]) {
    it(`${name ?? ""} exits with 2, and says so in one sentence`, async () => {
      const { code, err } = await runCli(place, "reserve", "--no-wait", ...args);
      assert.equal(code, 2, err);
      const lines = err.trim().split("\n");
      assert.equal(lines.length, 1, err);
      assert.equal(err.match(/can never run here/g)?.length ?? 0, name?.includes("count") ? 1 : 0);
    });
  }

  it("a mistyped type or command gets a suggestion", async () => {
    assert.match((await runCli(place, "reserve", "-t", "h101")).err, /Did you mean h100\?/);
    assert.match((await runCli(place, "lst")).err, /^error: Unknown command 'lst'\. .*list\?/);
    const connect = await runCli(place, "connect", "demo", "nvidia-smi", "-L");
    assert.match(connect.err, /gpu-dev connect demo -- nvidia-smi -L/);
    const json = await runCli(place, "list", "--nonsense", "--json");
    assert.equal((JSON.parse(json.err) as { status: number }).status, 400);
  });

  it("config set refuses a server that is not an address", async () => {
    const refused = await runCli(place, "config", "set", "server", "not-a-url");
    assert.equal(refused.code, 2);
    assert.match(refused.err, /"not-a-url" is not a valid server URL/);
  });

  it("accepts a type in capitals, and announces a disk that does not exist yet", async () => {
    const args = ["reserve", "-t", "H100", "--name", "one", "--disk", "work", "--no-wait"];
    const reserved = await runCli(place, ...args);
    assert.equal(reserved.code, 0, reserved.err);
    assert.match(reserved.err, /^Disk work does not exist yet: a new, empty disk of 100 GiB/);
    assert.match((await runCli(place, "show", "one")).out, /Image +\S+ \(\S+\)/);
  });

  it("cancels the names that exist, and reports the others with exit code 4", async () => {
    await runCli(place, "reserve", "-t", "h100", "--name", "two", "--no-wait");
    const cancelled = await runCli(place, "cancel", "nope", "two", "--no-wait");
    assert.equal(cancelled.code, 4, cancelled.err);
    assert.match(cancelled.out, /^two is ending\. It had not started\./);
    assert.match(cancelled.err, /no reservation named "nope".*Cancelled all the same: two\./);
  });

  it("lists images and keys", async () => {
    assert.match((await runCli(place, "image", "list")).out, /\(default\)/);
    const { items } = JSON.parse((await runCli(place, "key", "list", "--json")).out) as {
      items: { id: string; fingerprint: string }[];
    };
    assert.equal(items.length, 1);
    assert.equal((await runCli(place, "key", "remove", items[0]?.id ?? "")).code, 0);
    assert.match((await runCli(place, "key", "list")).out, /no registered keys/);
  });
});
