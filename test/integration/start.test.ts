import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, stat } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { freePort } from "../support/freePort.ts";
import { processesNaming, processesWith } from "../support/processes.ts";
import { makeStartFolder, startLocal, type StartFolder } from "../support/starter.ts";
import { waitFor } from "../support/waitFor.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Marks the processes that a test starts; every descendant inherits the environment. */
const marker = (port: number) => `GPU_DEV_START_TEST=${String(port)}`;
const env = (port: number) => ({ GPU_DEV_START_TEST: String(port) });

describe("npm start", function () {
  this.timeout(120_000);
  let folder: StartFolder;
  let port: number;

  beforeEach(async () => {
    folder = await makeStartFolder();
    port = await freePort();
  });
  afterEach(async () => {
    await folder.remove();
  });

  it("serves, refuses a second start, stops on Ctrl-C, and keeps its database", async () => {
    const first = startLocal(folder.path, port, { env: env(port) });
    await first.ready();
    const url = `http://127.0.0.1:${String(port)}`;
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
    assert.match(first.output(), new RegExp(`is ready at ${url} \\(\\d+\\.\\d s\\)`));

    const second = startLocal(folder.path, await freePort());
    assert.equal(await second.ended(), 3);
    assert.match(second.output(), new RegExp(`process ${String(first.child.pid)}, ${url}`));

    first.child.kill("SIGINT");
    assert.equal(await first.ended(), 0);
    const stopped = ["the control plane", "the dev cluster", "PostgreSQL"];
    const order = stopped.map((title) => first.output().indexOf(`Stopping ${title}`));
    assert.ok(
      order.every((position, index) => position > (order[index - 1] ?? 0)),
      first.output(),
    );
    assert.deepEqual(leftovers(folder, port), []);

    const version = await stat(join(folder.path, "postgres/data/PG_VERSION"));
    const again = startLocal(folder.path, port, { env: env(port) });
    await again.ready();
    const versionAgain = await stat(join(folder.path, "postgres/data/PG_VERSION"));
    assert.equal(versionAgain.ino, version.ino, "the database is not created again");
    assert.equal(versionAgain.birthtimeMs, version.birthtimeMs);
    again.child.kill("SIGTERM");
    assert.equal(await again.ended(), 0);
  });

  it("leaves no process behind after SIGKILL, and starts again", async () => {
    const first = startLocal(folder.path, port, { env: env(port) });
    await first.ready();
    first.child.kill("SIGKILL");
    await first.ended();
    await waitFor(() => leftovers(folder, port).length === 0, {
      timeoutMs: 15_000,
      describe: "every process of the killed start to end",
    });
    const again = startLocal(folder.path, port, { env: env(port) });
    await again.ready();
    again.child.kill("SIGINT");
    assert.equal(await again.ended(), 0);
  });

  it("ends everything at once on a second Ctrl-C", async () => {
    const start = startLocal(folder.path, port, { env: env(port) });
    await start.ready();
    // The stopped process keeps the first Ctrl-C waiting.
    const part = processesWith(marker(port)).find(({ command }) =>
      command.includes("control-plane/src/main.ts"),
    );
    assert.ok(part);
    process.kill(part.pid, "SIGSTOP");
    start.child.kill("SIGINT");
    await waitFor(() => start.output().includes("Stopping the control plane"), {
      describe: "the first Ctrl-C to be handled",
    });
    await waitFor(
      () => {
        start.child.kill("SIGINT");
        return start.output().includes("Ending everything at once");
      },
      { intervalMs: 100, describe: "the second Ctrl-C to be handled" },
    );
    assert.equal(await start.ended(), 130);
    assert.deepEqual(leftovers(folder, port), []);
  });

  it("restarts a part that ends, and ends with its log if it keeps failing", async () => {
    const start = startLocal(folder.path, port, { env: env(port) });
    await start.ready();
    const killControlPlane = (): void => {
      const part = processesWith(marker(port)).find(({ command }) =>
        command.includes("control-plane/src/main.ts"),
      );
      assert.ok(part);
      process.kill(part.pid, "SIGKILL");
    };
    killControlPlane();
    await waitFor(() => start.output().includes("Restarted the control plane"), {
      timeoutMs: 30_000,
      describe: "the control plane to be restarted",
    });
    assert.match(
      start.output(),
      /The control plane ended unexpectedly\. It is restarted in 0\.5 s\./,
    );
    const ready = await fetch(`http://127.0.0.1:${String(port)}/readyz`);
    assert.equal(ready.status, 200);

    // Another program on its port: it can't start again.
    const holder = createServer((socket) => socket.destroy());
    killControlPlane();
    await waitFor(() => tryListen(holder, port), { describe: "the port to be free" });
    assert.equal(await start.ended(), 1);
    assert.match(start.output(), /The end of .*control-plane\.log:/);
    assert.deepEqual(leftovers(folder, port), []);
    holder.close();
    await once(holder, "close");
  });

  it("refuses a port that another GPU Dev Servers uses, and names its data folder", async () => {
    const other = startLocal(folder.path, port);
    await other.ready();
    const ownFolder = await makeStartFolder();
    try {
      const start = startLocal(ownFolder.path, port);
      assert.equal(await start.ended(), 4);
      assert.match(start.output(), /another GPU Dev Servers, whose data is in (?<folder>\S+)\. /);
      assert.ok(start.output().includes(` ${folder.path}. `), start.output());
    } finally {
      await ownFolder.remove();
    }
    other.child.kill("SIGINT");
    assert.equal(await other.ended(), 0);
  });

  it("refuses an option that npm keeps for itself, and shows what to type", async () => {
    for (const args of [["--port", "9000"], ["--port=9000"]]) {
      const start = spawn("npm", ["start", ...args], { cwd: ROOT, stdio: "pipe" });
      let output = "";
      start.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
      const [code] = (await once(start, "close")) as [number];
      assert.equal(code, 2, output);
      assert.match(output, /Type: npm start -- --port 9000\n/);
    }
  });

  it("refuses a port that is in use with one line, before it starts anything", async () => {
    const holder = createServer((socket) => socket.destroy()).listen(port, "127.0.0.1");
    await once(holder, "listening");
    const start = startLocal(folder.path, port);
    assert.equal(await start.ended(), 4);
    assert.equal(start.output().trim().split("\n").length, 1);
    assert.match(start.output(), new RegExp(`Port ${String(port)} .* is in use`));
    holder.close();
    await once(holder, "close");
  });

  it("writes private files, and no secrets to logs or arguments", async () => {
    const start = startLocal(folder.path, port);
    await start.ready();
    const listed = await readdir(folder.path, { recursive: true });
    // Of PostgreSQL's own folder and of the folder of all, its account may list nothing, but enter.
    const names = listed.filter((name) => name !== "postgres");
    const modes = await Promise.all(
      names.map(async (name) => ({ name, mode: (await stat(join(folder.path, name))).mode })),
    );
    assert.deepEqual(
      modes.filter(({ mode }) => (mode & 0o077) !== 0).map(({ name }) => name),
      [],
    );
    assert.ok(names.includes("dev-cluster/objects.sqlite-wal"), "the journal was checked");
    const secret = await readFile(join(folder.path, "development-secret"), "utf8");
    assert.match(secret, /^gpu-dev-secret-[A-Za-z0-9_-]{43}\n$/);
    const password = (await readFile(join(folder.path, "postgres/password"), "utf8")).trim();
    for (const log of ["control-plane", "dev-cluster", "postgres"]) {
      const text = await readFile(join(folder.path, `logs/${log}.log`), "utf8");
      assert.ok(!text.includes(password) && !text.includes(secret.trim()), log);
    }
    assert.deepEqual(processesNaming(password), []);
    start.child.kill("SIGINT");
    assert.equal(await start.ended(), 0);
  });
});

/**
 * The processes of a start that still run, found by their environment or by the folder in their
 * arguments.
 */
function leftovers(folder: StartFolder, port: number): string[] {
  const found = [...processesWith(marker(port)), ...folder.processes()];
  return found.map(({ pid, command }) => `${String(pid)} ${command}`);
}

async function tryListen(server: Server, port: number): Promise<boolean> {
  server.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
    return true;
  } catch {
    return false;
  }
}
