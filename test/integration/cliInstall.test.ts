import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { VERSION } from "../../cli/src/session/session.ts";
import { requireTool } from "../support/requireTool.ts";
import { makeTempDir, type TempDir } from "../support/tempDir.ts";
import { type ApiUnderTest, REQUEST, startApi } from "./api/apiUnderTest.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** With the system's Node, which may be an old one, as in a user's terminal. */
describe("npm run install-cli", function () {
  this.timeout(60_000);
  let home: TempDir;
  let path: string;

  before(function () {
    requireTool(this, "npm", "ssh", "ssh-keygen");
  });
  beforeEach(async () => {
    home = await makeTempDir("home");
    path = [join(home.path, ".local/bin"), ...systemPath()].join(delimiter);
  });
  afterEach(() => home.remove());

  it("puts a gpu-dev on the PATH of a new user that works in every folder", async () => {
    const installed = await inTerminal("npm run install-cli", ROOT);
    assert.equal(installed.code, 0, installed.err);
    assert.match(installed.out, /Try it: gpu-dev setup/);
    assert.equal((await inTerminal("gpu-dev --version")).out, `${VERSION}\n`);

    const api = await startApi();
    try {
      const server = `--server ${api.url}`;
      const refused = await inTerminal(`gpu-dev ${server} list`);
      assert.equal(refused.code, 3);
      assert.match(refused.err, /Run "gpu-dev setup"/);
      await inTerminal(`gpu-dev ${server} login --as ada`);
      await reserveAs(api, "ada");
      const list = await inTerminal(`gpu-dev ${server} list`);
      assert.equal(list.code, 0, list.err);
      assert.match(list.out, /demo/);
    } finally {
      await api.stop();
    }
  });

  it("says how to extend a PATH that has no personal folder", async () => {
    path = systemPath().join(delimiter);
    const installed = await inTerminal("npm run install-cli", ROOT);
    assert.equal(installed.code, 0, installed.err);
    const line = /^ {2}(export PATH=.*)$/m.exec(installed.out)?.[1];
    assert.ok(line, installed.out);
    assert.equal((await inTerminal(`${line}; gpu-dev --version`)).out, `${VERSION}\n`);
  });

  it("leaves another program of this name alone", async () => {
    const other = join(home.path, ".local/bin/gpu-dev");
    await mkdir(join(home.path, ".local/bin"), { recursive: true });
    await writeFile(other, "#!/bin/sh\n");
    const installed = await inTerminal("npm run install-cli", ROOT);
    assert.notEqual(installed.code, 0);
    assert.match(installed.err, /is another program/);
    assert.equal(await readFile(other, "utf8"), "#!/bin/sh\n");
  });

  it("is not needed for the program in node_modules/.bin, whose hints then name that one", async () => {
    const program = join(ROOT, "node_modules/.bin/gpu-dev");
    assert.equal((await inTerminal(`${program} --version`)).out, `${VERSION}\n`);
    const refused = await inTerminal(`${program} --server http://127.0.0.1:1 list`);
    assert.ok(refused.err.includes(`Run "${program} setup"`), refused.err);
  });

  it("npm prints no warning about the system's Node", async () => {
    const copy = join(home.path, "checkout");
    const files = ["package.json", "package-lock.json", ".npmrc"];
    const { workspaces } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as {
      workspaces: string[];
    };
    for (const file of [...files, ...workspaces.map((name) => `${name}/package.json`)]) {
      await mkdir(join(copy, file, ".."), { recursive: true });
      await symlink(join(ROOT, file), join(copy, file));
    }
    const result = await inTerminal(
      "npm ci --dry-run --offline --ignore-scripts --no-update-notifier",
      copy,
    );
    assert.equal(result.code, 0, result.err);
    assert.equal(result.err, "");
  });

  async function reserveAs(api: ApiUnderTest, user: string): Promise<void> {
    const caller = await api.signIn(user);
    assert.equal((await caller.post("/v1/reservations", { ...REQUEST, name: "demo" })).status, 201);
  }

  function inTerminal(command: string, cwd = "/"): Promise<Outcome> {
    const env = { PATH: path, HOME: home.path, TZ: "UTC" };
    return new Promise((resolve) => {
      execFile("bash", ["-c", command], { env, cwd }, (error, out, err) => {
        resolve({ code: typeof error?.code === "number" ? error.code : error ? -1 : 0, out, err });
      });
    });
  }
});

/** The folders of the system's programs, without those of npm's packages. */
function systemPath(): string[] {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const own = folders.filter((folder) => !folder.includes("node_modules"));
  return own.filter((folder) => folder !== "" && folder !== "/usr/local/bin");
}
