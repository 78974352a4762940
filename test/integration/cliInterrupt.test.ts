import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { requireTool } from "../support/requireTool.ts";
import { makeTempDir, type TempDir } from "../support/tempDir.ts";
import { type ApiUnderTest, type Caller, startApi } from "./api/apiUnderTest.ts";
import {
  CTRL_C,
  ENTER,
  type CliOnTerminal,
  type CliPlace,
  openCli,
  runCli,
} from "./cliUnderTest.ts";

/** What the wizard asks, and a key that answers it. */
const QUESTIONS = [
  ["Which type?", ENTER],
  ["Which disk?", ENTER],
  ["Name of the new disk?", `work${ENTER}`],
  ["How many GPUs?", ENTER],
  ["For how long?", ENTER],
  ["Name of the reservation?", `demo${ENTER}`],
  ["with the new 100 GiB disk work?", ENTER],
] as const;

describe("Ctrl-C on a real terminal", function () {
  this.timeout(60_000);
  let api: ApiUnderTest;
  let dir: TempDir;
  let place: CliPlace;
  let ada: Caller;
  let cli: CliOnTerminal | null = null;

  before(async function () {
    requireTool(this, "ssh", "ssh-keygen");
    api = await startApi();
    ada = await api.signIn("ada");
  });
  after(async () => {
    await api.stop();
  });
  beforeEach(async () => {
    dir = await makeTempDir("cli");
    place = { server: api.url, home: dir.path };
  });
  afterEach(async () => {
    cli?.stop();
    for (const { id } of await made("reservations?state=live")) {
      await ada.post(`/v1/reservations/${id}/cancel`);
    }
    await dir.remove();
  });

  const made = async (what: string) =>
    (await ada.get(`/v1/${what}`)).body["items"] as {
      id: string;
      name: string;
      state?: string;
      cancelRequestedAt?: string | null;
    }[];
  const signIn = async () => {
    const login = await runCli(place, "login", "--as", "ada");
    assert.equal(login.code, 0, login.err);
  };
  const reserveByWizard = async () => {
    cli = openCli(place, "reserve");
    for (const [question, keys] of QUESTIONS) {
      await cli.sees(question);
      cli.press(keys);
    }
    await cli.sees("demo: queued");
    return cli;
  };

  for (const [index, [question]] of QUESTIONS.entries()) {
    it(`N10: Ctrl-C at "${question}" reserves nothing`, async () => {
      await signIn();
      cli = openCli(place, "reserve");
      for (const [earlier, keys] of QUESTIONS.slice(0, index)) {
        await cli.sees(earlier);
        cli.press(keys);
      }
      await cli.sees(question);
      cli.press(CTRL_C);
      assert.equal(await cli.ended(), 130);
      assert.match(cli.printed(), /\nNothing was reserved\.\n$/);
      assert.deepEqual(await made("reservations?state=all"), []);
      assert.deepEqual(await made("disks"), []);
    });
  }

  it("N10: Ctrl-C while waiting leaves it queued, and prints how to cancel it", async () => {
    await signIn();
    const waiting = await reserveByWizard();
    waiting.press(CTRL_C);
    assert.equal(await waiting.ended(), 130);
    const printed = waiting.printed();
    assert.match(
      printed,
      /demo stays queued and starts in the background\. To cancel it: gpu-dev cancel demo\n$/,
    );
    const [queued, ...others] = await made("reservations?state=live");
    assert.deepEqual([queued?.name, queued?.state, others], ["demo", "queued", []]);
    assert.equal(queued?.cancelRequestedAt, null);
  });

  it("N10: Ctrl-C at cancel's question cancels nothing", async () => {
    await signIn();
    const reserve = ["reserve", "-t", "h100", "--name", "kept", "--no-wait"];
    assert.equal((await runCli(place, ...reserve)).code, 0);
    cli = openCli(place, "cancel", "kept");
    await cli.sees("Cancel kept?");
    cli.press(CTRL_C);
    assert.equal(await cli.ended(), 130);
    assert.match(cli.printed(), /\nNothing was cancelled\.\n$/);
    const [kept] = await made("reservations?state=live");
    assert.deepEqual([kept?.state, kept?.cancelRequestedAt], ["queued", null]);
  });

  it("N10: Ctrl-C at setup's consent leaves ~/.ssh unchanged", async () => {
    const ssh = join(dir.path, ".ssh");
    await mkdir(ssh, { mode: 0o700 });
    await writeFile(join(ssh, "config"), "Host mine\n  Port 7\n", { mode: 0o640 });
    cli = openCli(place, "setup", "--as", "ada");
    await cli.sees("Put one Include line first");
    cli.press(CTRL_C);
    assert.equal(await cli.ended(), 130);
    assert.match(cli.printed(), /\nSetup was stopped\./);
    assert.deepEqual(await readdir(ssh), ["config"]);
    assert.equal(await readFile(join(ssh, "config"), "utf8"), "Host mine\n  Port 7\n");
  });
});
