import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openHostFiles } from "@gpu-dev/client/ssh/hostFiles.ts";
import { realFileSystem } from "@gpu-dev/client/ssh/fileSystem.ts";
import { enableInclude } from "@gpu-dev/client/ssh/userConfig.ts";
import { PROBE } from "@gpu-dev/client/ssh/renderHosts.ts";
import { verifyHost } from "@gpu-dev/client/ssh/openssh.ts";
import { CLI, pathWithCli } from "../support/installedCli.ts";
import { requireTool } from "../support/requireTool.ts";
import { liveHost } from "../support/sshHostFixtures.ts";
import { makeTempDir, type TempDir } from "../support/tempDir.ts";

const NOW = new Date("2026-11-23T12:00:00.000Z");

describe("generated ssh hosts, as ssh reads them", () => {
  let dir: TempDir;
  let userConfig: string;
  before(function () {
    requireTool(this, "ssh");
  });
  beforeEach(async () => {
    dir = await makeTempDir("ssh hosts");
    userConfig = join(dir.path, "config");
  });
  afterEach(() => dir.remove());

  const open = (server = "127.0.0.1:8710", script = join(dir.path, "it's %h.js")) =>
    openHostFiles({
      fs: realFileSystem,
      platform: process.platform,
      ownDir: join(dir.path, "own 100%"),
      server,
      identityFile: join(dir.path, "own 100%", "ssh", "id_ed25519"),
      explainCommand: [process.execPath, script],
      now: () => NOW,
    });
  const include = () =>
    enableInclude({
      fs: realFileSystem,
      platform: process.platform,
      path: userConfig,
      includePath: open().paths.index,
    });
  const differences = (host: string, wanted: Record<string, string>) =>
    verifyHost({ ssh: "ssh", configFile: userConfig }, host, wanted);

  it("N3: ssh -G resolves our values through the nested Include, before the user's Host *", async () => {
    await writeFile(
      userConfig,
      "Host *\n  User bob\n  Port 1\n  ProxyJump bastion\n  ControlMaster auto\n  StrictHostKeyChecking no\n",
    );
    await include();
    const state = await open().sync({ me: "ada", live: [liveHost(1)], ended: [] });
    const wanted = {
      hostname: "127.0.0.1",
      port: "20001",
      user: "dev",
      identityfile: state.identityFile.replaceAll("%", "%%"),
      stricthostkeychecking: "true",
      controlmaster: "false",
      hostkeyalias: `gpu-dev-${liveHost(1).id}`,
    };
    assert.deepEqual(await differences("gpu-dev-box1", wanted), []);
    const proxied = await differences("gpu-dev-box1", { proxyjump: "" });
    assert.ok(proxied.length === 0 || proxied[0]?.got === "none", JSON.stringify(proxied));
    assert.deepEqual(await differences(PROBE.host, { hostname: PROBE.address }), []);
    assert.deepEqual(await differences("elsewhere", { user: "bob", port: "1" }), []);
  });

  it("N2: a reservation with the name of our check takes nothing from it", async () => {
    await include();
    const live = [liveHost(1, { name: "setup-check" })];
    await open().sync({ me: "ada", live, ended: [] });
    assert.deepEqual(await differences("gpu-dev-setup-check", { port: "20001" }), []);
    assert.deepEqual(await differences(PROBE.host, { hostname: PROBE.address }), []);
  });

  it("N3: an option that an earlier block overrides is named", async () => {
    await include();
    await open().sync({ me: "ada", live: [liveHost(1)], ended: [] });
    await writeFile(userConfig, `User bob\n${await readFile(userConfig, "utf8")}`);
    assert.deepEqual(await differences("gpu-dev-box1", { user: "dev", port: "20001" }), [
      { option: "user", wanted: "dev", got: "bob" },
    ]);
  });

  it("N4: three processes write at once and no host is lost", async function () {
    this.timeout(60_000);
    const script = fileURLToPath(new URL("../support/syncOneHost.ts", import.meta.url));
    const ownDir = join(dir.path, "own 100%");
    const writers = [1, 101, 201].map((first) =>
      spawn(process.execPath, [script, ownDir, String(first), String(first + 14)], {
        stdio: ["ignore", "inherit", "inherit"],
      }),
    );
    const exits = await Promise.all(writers.map((writer) => once(writer, "exit")));
    assert.deepEqual(
      exits.map(([code]) => code as unknown),
      [0, 0, 0],
    );
    const { live } = await open().read();
    assert.equal(live.length, 45);
    const conf = await readFile(open().paths.conf, "utf8");
    assert.equal(conf.match(/^Host /gm)?.length, 45);
    const left = (await readdir(open().paths.dir)).filter((name) => /lock|tmp/.test(name));
    assert.deepEqual(left, []);
  });

  it("N4: the lock of a dead process is taken over", async () => {
    const { paths, sync } = open();
    await mkdir(paths.dir, { recursive: true });
    await writeFile(paths.lock, "dead");
    await utimes(paths.lock, new Date(0), new Date(0));
    const state = await sync({ me: "ada", live: [liveHost(1)], ended: [] });
    assert.equal(state.live.length, 1);
    await assert.rejects(stat(paths.lock), { code: "ENOENT" });
  });

  it("unchanged hosts are not written again", async () => {
    const { paths, sync } = open();
    await sync({ me: "ada", live: [liveHost(1)], ended: [] });
    const before = await stat(paths.conf);
    await sync({ me: "ada", live: [liveHost(1)], ended: [] });
    const after = await stat(paths.conf);
    assert.deepEqual([after.ino, after.mtimeMs], [before.ino, before.mtimeMs]);
  });

  it("N9: ssh to the host of an ended reservation prints how it ended, without a server", async () => {
    const files = open("127.0.0.1:8710", CLI);
    await files.sync({ me: "ada", live: [liveHost(1)], ended: [] });
    const end = { endReason: "expired" as const, endDetail: "The lease ended." };
    const ended = [{ id: liveHost(1).id, endedAt: NOW.toISOString(), ...end }];
    await files.sync({ me: "ada", live: [], ended });
    const ssh = spawn("ssh", ["-F", files.paths.index, "gpu-dev-box1"], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, PATH: pathWithCli(dir.path) },
    });
    let stderr = "";
    ssh.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
    const [code] = (await once(ssh, "close")) as [number];
    assert.equal(code, 255);
    assert.match(
      stderr,
      /gpu-dev-box1 ended at .*: The lease ended\. To reserve again: gpu-dev reserve/,
    );
  });

  it("a second deployment has its own hosts, next to those of the first", async () => {
    await include();
    await open().sync({ me: "ada", live: [liveHost(1)], ended: [] });
    const second = await open("gpu.example.com").sync({
      me: "ada",
      live: [liveHost(2, { name: "box1" })],
      ended: [],
    });
    assert.equal(second.prefix, "gpu-dev-gpu-example-com");
    assert.deepEqual(await differences("gpu-dev-box1", { port: "20001" }), []);
    assert.deepEqual(await differences("gpu-dev-gpu-example-com-box1", { port: "20002" }), []);
    await open().remove();
    assert.deepEqual(await differences("gpu-dev-gpu-example-com-box1", { port: "20002" }), []);
  });
});
