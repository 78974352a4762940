import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { requireTool, skipBecause } from "../support/requireTool.ts";
import { runClient } from "../support/sshClient.ts";
import { makeTempDir, type TempDir } from "../support/tempDir.ts";
import { type ApiUnderTest, startApi } from "./api/apiUnderTest.ts";
import { runCli } from "./cliUnderTest.ts";

const BIN = fileURLToPath(new URL("../../cli/bin/gpu-dev.js", import.meta.url));
/** The home folder that passwd names for the user with the id 0. */
const ROOT_HOME = "/root";

describe("setup and the user's ssh config", function () {
  this.timeout(60_000);
  let api: ApiUnderTest;
  let home: TempDir;

  before(async function () {
    requireTool(this, "ssh", "ssh-keygen", "unshare", "mount");
    if (BIN.startsWith(`${ROOT_HOME}/`)) skipBecause(this, `the checkout is in ${ROOT_HOME}`);
    api = await startApi();
  });
  after(() => api?.stop()); // eslint-disable-line @typescript-eslint/no-unnecessary-condition
  beforeEach(async () => {
    home = await makeTempDir("home");
    await mkdir(join(home.path, ".ssh"), { mode: 0o700 });
  });
  afterEach(() => home.remove());

  /** Runs a command with the folder mounted as the account's home, so that ssh reads its files. */
  const run = async (...args: string[]) => {
    const script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"';
    const command = ["sh", "-c", script, "sh", home.path, ROOT_HOME, process.execPath, BIN];
    const env = { HOME: ROOT_HOME, GPU_DEV_SERVER: api.url, TZ: "UTC", GPU_DEV_HOME: "" };
    const words = ["-rm", ...command, "--server", api.url, ...args];
    const { code, stdout, stderr } = await runClient("unshare", words, { env });
    return { code, out: stdout, err: stderr };
  };
  const writeConfig = (text: string) => writeFile(join(home.path, ".ssh/config"), text);

  it("N3: needs no resolver to check that ssh reads our hosts", async () => {
    await writeConfig("Host *\n  CanonicalizePermittedCNAMEs *.corp.example:*.lab.example\n");
    const setup = await run("setup", "--yes", "--as", "ada");
    assert.equal(setup.code, 0, setup.err);
    assert.doesNotMatch(setup.err, /But|warning/);
    assert.match((await run("config", "show")).out, /enabled in \/root\/\.ssh\/config/);
  });

  it("N3: a config that ssh can't read fails setup, with the line and what to do", async () => {
    await writeConfig("Host *\n  Port none\n");
    const setup = await run("setup", "--yes", "--as", "ada");
    assert.equal(setup.code, 5, setup.out);
    assert.match(setup.err, /\/root\/\.ssh\/config line \d: Bad port 'none'\. Correct/);
    assert.match(setup.err, /connect with: ssh -F \/root\/\.gpu-dev\/ssh\/config HOST/);
    assert.doesNotMatch(setup.out, /Ready/);
  });

  it("names an option of the user that prevents a connection", async () => {
    await writeConfig("Host *\n  KexAlgorithms diffie-hellman-group14-sha1\n");
    const setup = await run("setup", "--yes", "--as", "ada");
    assert.equal(setup.code, 0, setup.err);
    assert.match(
      setup.err,
      /ssh uses KexAlgorithms "\S+" from \/root\/\.ssh\/config line \d, and the server supports/,
    );
  });

  it("says everywhere that ssh does not read a HOME that is not the account's", async () => {
    const place = { server: api.url, home: home.path };
    const setup = await runCli(place, "setup", "--yes", "--as", "ada");
    assert.equal(setup.code, 0, setup.err);
    const reads = /ssh does not read \S+\/\.ssh\/config: HOME is not the home folder/;
    assert.match(setup.err, reads);
    assert.equal(setup.err.match(/does not read/g)?.length, 1);
    assert.match((await runCli(place, "status")).out, reads);
    assert.match((await runCli(place, "config", "show")).out, reads);
    const config = await readFile(join(home.path, ".ssh/config"), "utf8");
    assert.match(config, /^# >>> gpu-dev/);
  });
});
