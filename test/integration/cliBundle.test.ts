import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { VERSION } from "../../cli/src/session/session.ts";
import { requireTool } from "../support/requireTool.ts";
import { makeTempDir, type TempDir } from "../support/tempDir.ts";
import { type ApiUnderTest, REQUEST, startApi } from "./api/apiUnderTest.ts";
import { type CliPlace, runCli } from "./cliUnderTest.ts";

const BUILD = fileURLToPath(new URL("../../cli/build.ts", import.meta.url));

/** Built into a separate folder, so that no file of the checkout is next to it. */
describe("the bundled command line", function () {
  this.timeout(60_000);
  let api: ApiUnderTest;
  let dir: TempDir;
  let place: CliPlace;

  before(async function () {
    requireTool(this, "ssh", "ssh-keygen");
    dir = await makeTempDir("cli");
    const script = join(dir.path, "gpu-dev.mjs");
    execFileSync(process.execPath, [BUILD, script]);
    api = await startApi();
    place = { server: api.url, home: dir.path, script };
  });
  after(async () => {
    await api.stop();
    await dir.remove();
  });

  it("runs without the checkout: prints its version, and lists reservations of a real server", async () => {
    assert.equal((await stat(place.script ?? "")).mode & 0o777, 0o755);
    assert.equal((await runCli(place, "--version")).out, `${VERSION}\n`);
    assert.equal((await runCli(place, "list", "--json")).code, 3);
    const login = await runCli(place, "login", "--as", "ada");
    assert.equal(login.code, 0, login.err);
    const ada = await api.signIn("ada");
    const created = await ada.post("/v1/reservations", { ...REQUEST, name: "demo" });
    assert.equal(created.status, 201);
    const list = await runCli(place, "list", "--json");
    const { items } = JSON.parse(list.out) as { items: { id: unknown; state: unknown }[] };
    assert.deepEqual(
      items.map(({ id, state }) => [id, state]),
      [[created.body["id"], "queued"]],
    );
  });
});
