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
import { verifyHost } from "../support/verifyHost.ts";
import { CLI, pathWithCli } from "../support/installedCli.ts";
import { freePort } from "../support/freePort.ts";
import { requireTool } from "../support/requireTool.ts";
import { runClient } from "../support/sshClient.ts";
import { liveHost } from "../support/sshHostFixtures.ts";
import { makeTempDir, type TempDir } from "../support/tempDir.ts";
import { startServer } from "./sshConduct/serverUnderTest.ts";

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

  const open = (
    server = "127.0.0.1:8710",
    script = join(dir.path, "it's %h.js"),
    identityFile = join(dir.path, "own 100%", "ssh", "id_ed25519"),
  ) =>
    openHostFiles({
      fs: realFileSystem,
      platform: process.platform,
      ownDir: join(dir.path, "own 100%"),
      server,
      identityFile,
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
    assert.ok(proxied.length === 0 || proxied[0]?.actual === "none", JSON.stringify(proxied));
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
      { option: "user", expected: "dev", actual: "bob" },
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

  const connect = async (config: string, ...command: string[]) => {
    const args = ["-F", config, "gpu-dev-box1", ...command];
    const { code, stdout, stderr } = await runClient("ssh", args, {
      env: { TZ: "UTC", PATH: pathWithCli(dir.path) },
    });
    return { code, stdout, stderr };
  };

  it("N9: ssh to the host of an ended reservation prints how it ended, and nothing else", async () => {
    const files = open("127.0.0.1:8710", CLI);
    await files.sync({ me: "ada", live: [liveHost(1)], ended: [] });
    const end = { endReason: "evicted", endDetail: "Its node was lost." };
    const ended = [{ id: liveHost(1).id, endedAt: NOW.toISOString(), ...end }];
    await files.sync({ me: "ada", live: [], ended });
    const { code, stderr } = await connect(files.paths.index);
    assert.equal(code, 255);
    const when = "Mon 23 Nov 12:00 UTC";
    assert.match(
      stderr,
      new RegExp(`^gpu-dev: gpu-dev-box1 ended at ${when}: Its node was lost\\. .*\n$`),
    );
    assert.match(stderr, /To reserve again: gpu-dev reserve\n$/);
  });

  it("N9: the end of an expired reservation has its time once", async () => {
    const files = open("127.0.0.1:8710", CLI);
    await files.sync({ me: "ada", live: [liveHost(1)], ended: [] });
    const end = { endReason: "expired", endDetail: "The lease expired at 12:00 UTC." };
    const ended = [{ id: liveHost(1).id, endedAt: NOW.toISOString(), ...end }];
    await files.sync({ me: "ada", live: [], ended });
    const { stderr } = await connect(files.paths.index);
    assert.match(
      stderr,
      /^gpu-dev: gpu-dev-box1 ended at [^:]+12:00 UTC, when its lease expired\. /,
    );
  });

  it("N9: after the end of the lease ssh explains it, if no client has run since", async () => {
    const files = open("127.0.0.1:8710", CLI);
    const port = await freePort();
    const expired = liveHost(1, { port, expiresAt: "2020-01-02T08:00:00.000Z" });
    await files.sync({ me: "ada", live: [expired], ended: [] });
    const { code, stderr } = await connect(files.paths.index);
    assert.equal(code, 255);
    const when = "Thu 2 Jan 08:00 UTC";
    const text = `^gpu-dev: gpu-dev-box1 does not respond, and its lease was to end at ${when}\\. .*\n$`;
    assert.match(stderr, new RegExp(text));
  });

  it("N9: a lease that another machine has extended is connected to as before", async () => {
    const server = await startServer("dev-cluster");
    try {
      const hostKey = (await readFile(join(server.folder, "host.pub"), "utf8")).trim();
      const hosts = [
        { expiresAt: "2020-01-02T08:00:00.000Z" },
        { expiresAt: "2100-01-02T08:00:00.000Z" },
      ];
      for (const [generation, lease] of hosts.entries()) {
        const files = open("127.0.0.1:8710", CLI, server.key);
        const address = { port: server.port, hostKeys: [hostKey], generation };
        await files.sync({ me: "ada", live: [liveHost(1, { ...address, ...lease })], ended: [] });
        const connected = await connect(files.paths.index, "echo", "connected");
        assert.deepEqual(connected, { code: 0, stdout: "connected\n", stderr: "" });
      }
    } finally {
      await server.stop();
    }
  });

  it("N9: before the end of the lease ssh does not start our program", async () => {
    const marker = join(dir.path, "started");
    const script = join(dir.path, "program.cjs");
    await writeFile(script, `require("node:fs").writeFileSync(${JSON.stringify(marker)}, "")`);
    const files = open("127.0.0.1:8710", script);
    for (const [generation, year] of ["2100", "2020"].entries()) {
      const expiresAt = `${year}-01-02T08:00:00.000Z`;
      const port = await freePort();
      const live = [liveHost(1, { expiresAt, generation, port })];
      await files.sync({ me: "ada", live, ended: [] });
      await connect(files.paths.index);
      const started = await stat(marker).then(
        () => true,
        () => false,
      );
      assert.equal(started, year === "2020");
    }
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
