import assert from "node:assert/strict";
import { execFile, type ExecFileOptions } from "node:child_process";
import { access, mkdir, readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../support/freePort.ts";
import { processesNaming } from "../support/processes.ts";
import { requireTool } from "../support/requireTool.ts";
import { makeStartFolder, startLocal, type StartFolder, type Starter } from "../support/starter.ts";
import { makeTempDir, type TempDir } from "../support/tempDir.ts";
import { waitFor } from "../support/waitFor.ts";

const run = promisify(execFile);
const CLI = new URL("../../cli/bin/gpu-dev.js", import.meta.url).pathname;

describe("npm start with a live pod", function () {
  this.timeout(180_000);
  let home: TempDir;
  let folder: StartFolder;
  let port: number;
  /** The duration of the pod's `sleep`, unique on this machine, identifies its process. */
  let sleepSeconds: string;

  before(function () {
    requireTool(this, "ssh", "ssh-keygen", "setsid");
  });
  beforeEach(async () => {
    home = await makeTempDir("home");
    folder = await makeStartFolder();
    port = await freePort();
    sleepSeconds = `987${String(process.pid)}${String(port)}`;
    await mkdir(join(home.path, ".ssh"), { mode: 0o700 });
  });
  afterEach(async () => {
    await folder.remove();
    await home.remove();
  });

  it("ends the processes of a pod, and starts the pod again with its files", async () => {
    const first = startLocal(folder.path, port);
    await first.ready();
    await reserveWithDaemon();
    await stop(first, 0);

    const second = startLocal(folder.path, port);
    await second.ready();
    const kept = await waitFor(async () => (await ssh("cat /workspace/kept")).stdout, {
      timeoutMs: 30_000,
      intervalMs: 200,
      describe: "the pod to return with its files",
    });
    assert.equal(kept, "mine\n");
    await stop(second, 0);
  });

  it("keeps secrets, the database and the disks of others from a pod", async () => {
    const start = startLocal(folder.path, port);
    await start.ready();
    await reserveWithDaemon();
    const database = await realpath(join(folder.path, "postgres"));
    const secrets = [
      join(folder.path, "development-secret"),
      join(database, "password"),
      join(folder.path, "dev-cluster/objects.sqlite"),
      join(folder.path, "dev-cluster/kubeconfig"),
    ];
    for (const file of secrets) {
      await access(file);
      const { stdout } = await ssh(`cat ${file} 2>/dev/null || echo refused`);
      assert.equal(stdout, "refused\n", file);
    }
    const listing = `id -u; ls -A ${database} ${folder.path} ${folder.path}/dev-cluster/volumes`;
    const mine = await ssh(`${listing} 2>/dev/null; true`);
    assert.match(mine.stdout, /^[1-9]\d*\n$/, "an account without rights, and nothing else");
    await stop(start, 0);
  });

  it("gives a pod its own temporary folder, the description of its system and a PATH that exists", async () => {
    const start = startLocal(folder.path, port);
    await start.ready();
    await reserveWithDaemon();
    const mark = `gpu-dev-mark-${String(port)}`;
    await ssh(`touch /tmp/${mark} /var/tmp/${mark}`);
    for (const place of ["/tmp", "/var/tmp"]) {
      await assert.rejects(access(join(place, mark)), { code: "ENOENT" });
    }
    const release = await readFile("/etc/os-release", "utf8");
    assert.equal((await ssh("cat /etc/os-release")).stdout, release);
    const missing = 'IFS=:; for entry in $PATH; do [ -d "$entry" ] || echo "$entry"; done';
    assert.equal((await ssh(missing)).stdout, "");
    assert.equal((await ssh("id -un; cd; pwd")).stdout.split("\n")[1], "/home/dev");
    await stop(start, 0);
  });

  it("ends the processes of a pod on a second Ctrl-C", async () => {
    const start = startLocal(folder.path, port);
    await start.ready();
    await reserveWithDaemon();
    const part = folder
      .processes()
      .find(({ command }) => command.includes("control-plane/src/main.ts"));
    assert.ok(part);
    process.kill(part.pid, "SIGSTOP");
    await waitFor(
      () => {
        start.child.kill("SIGINT");
        return start.output().includes("Ending everything at once");
      },
      { intervalMs: 600, describe: "the second Ctrl-C to be handled" },
    );
    assert.equal(await start.ended(), 130);
    assert.deepEqual(processesNaming(sleepSeconds), []);
    assert.deepEqual(folder.processes(), []);
  });

  it("ends the processes of a pod when npm start is killed", async () => {
    const start = startLocal(folder.path, port);
    await start.ready();
    await reserveWithDaemon();
    start.child.kill("SIGKILL");
    await waitFor(
      () => processesNaming(sleepSeconds).length === 0 && folder.processes().length === 0,
      {
        timeoutMs: 20_000,
        describe: "every process to end",
      },
    );
  });

  it("restarts each part that is killed, and a reservation lives on with its files", async () => {
    const start = startLocal(folder.path, port);
    await start.ready();
    await reserveWithDaemon();
    const parts = [
      ["PostgreSQL", "bin/postgres -D"],
      ["the dev cluster", "dev-cluster/src/main.ts"],
      ["the control plane", "control-plane/src/main.ts"],
    ] as const;
    for (const [title, program] of parts) {
      const part = folder.processes().find(({ command }) => command.includes(program));
      assert.ok(part, program);
      process.kill(part.pid, "SIGKILL");
      await waitFor(() => start.output().includes(`Restarted ${title}`), {
        timeoutMs: 60_000,
        describe: `${title} to be restarted`,
      });
      const kept = await waitFor(async () => (await ssh("cat /workspace/kept")).stdout, {
        timeoutMs: 60_000,
        intervalMs: 200,
        describe: `the pod to be usable after ${title} was killed`,
      });
      assert.equal(kept, "mine\n");
    }
    const { stdout } = await gpuDev("extend", "demo", "--hours", "1", "--json");
    assert.match(stdout, /"state": "ready"/);
    await stop(start, 0);
  });

  /**
   * Waits for a ready reservation and starts a process in it that leaves its session, as the server
   * of an editor does.
   */
  async function reserveWithDaemon(): Promise<void> {
    await gpuDev("setup", "--yes");
    await gpuDev(
      "reserve",
      "--gpu-type",
      "t4",
      "--gpus",
      "1",
      "--hours",
      "1",
      "--disk",
      "work",
      "--name",
      "demo",
    );
    await ssh(`echo mine > /workspace/kept; setsid nohup sleep ${sleepSeconds} > /dev/null 2>&1 &`);
    await waitFor(() => processesNaming(sleepSeconds).length > 0, {
      describe: "the daemon to run",
    });
  }

  async function stop(start: Starter, code: number): Promise<void> {
    start.child.kill("SIGINT");
    assert.equal(await start.ended(), code, start.output());
    assert.deepEqual(processesNaming(sleepSeconds), []);
    assert.deepEqual(folder.processes(), []);
  }

  function gpuDev(...args: string[]) {
    const server = ["--server", `http://127.0.0.1:${String(port)}`];
    return run(process.execPath, [CLI, ...server, ...args], asUser());
  }

  function ssh(command: string) {
    const config = join(home.path, ".ssh/config");
    return run("ssh", ["-F", config, "-o", "BatchMode=yes", "gpu-dev-demo", command], asUser());
  }

  function asUser(): ExecFileOptions & { encoding: "utf8" } {
    const configHome = join(home.path, ".config");
    const env = { ...process.env, HOME: home.path, XDG_CONFIG_HOME: configHome };
    return { env, timeout: 60_000, encoding: "utf8" };
  }
});
