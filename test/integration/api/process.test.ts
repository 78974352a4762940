import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startControlPlane } from "../../../control-plane/src/composition.ts";
import { readConfig } from "../../../control-plane/src/config.ts";
import { rows } from "../../../control-plane/src/store/database.ts";
import { createLogger } from "../../../control-plane/src/platform/logger.ts";
import { freePort } from "../../support/freePort.ts";
import { observerEnvironment } from "../../support/observedServers.ts";
import { createTestDatabase, type TestDatabase } from "../../support/postgres.ts";
import { makeTempDir } from "../../support/tempDir.ts";
import { waitFor } from "../../support/waitFor.ts";
import { REQUEST, send, startApi } from "./apiUnderTest.ts";
import { readEvents } from "./eventReader.ts";

const MAIN = fileURLToPath(new URL("../../../control-plane/src/main.ts", import.meta.url));

interface Run {
  readonly child: ChildProcess;
  out: string;
  err: string;
}

describe("the process of the control plane", () => {
  let database: TestDatabase;
  let dir: Awaited<ReturnType<typeof makeTempDir>>;
  let secretFile: string;
  before(async () => {
    database = await createTestDatabase();
    dir = await makeTempDir("process");
    secretFile = join(dir.path, "secret");
    await writeFile(secretFile, `gpu-dev-secret-${"s".repeat(43)}\n`, { mode: 0o600 });
  });
  after(async () => {
    await database.drop();
    await dir.remove();
  });

  const run = (args: string[], environment: Record<string, string> = {}): Run => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: { ...process.env, ...observerEnvironment(), DATABASE_URL: database.url, ...environment },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const started: Run = { child, out: "", err: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (started.out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (started.err += text));
    return started;
  };
  const apiArgs = (): string[] => [
    "--role",
    "api",
    "--port",
    "0",
    "--development-secret-file",
    secretFile,
  ];
  const exitOf = async ({ child }: Run): Promise<number | null> => {
    // "close" follows the last output; "exit" may precede it.
    if (child.exitCode === null) await once(child, "close");
    return child.exitCode;
  };
  const urlOf = async (started: Run): Promise<string> => {
    const line = await waitFor(() => /\{"ready".*\n/.exec(started.out)?.[0], {
      describe: "the ready line",
    });
    return (JSON.parse(line) as { url: string }).url;
  };

  it("prints one line when it is ready, and stops with exit code 0 on SIGTERM and SIGINT", async () => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const started = run(apiArgs());
      const url = await urlOf(started);
      assert.equal((await send(`${url}/readyz`)).status, 200);
      started.child.kill(signal);
      assert.equal(await exitOf(started), 0, started.err);
      assert.equal(started.out.trim().split("\n").length, 1);
      assert.match(started.err, /"msg":"stopped"/);
    }
  });

  it("stops when its standard input closes, which happens when its parent exits", async () => {
    const started = run([...apiArgs(), "--exit-with-parent"]);
    await urlOf(started);
    started.child.stdin?.end();
    assert.equal(await exitOf(started), 0, started.err);
  });

  it("S4: logs neither the secret nor the database password", async () => {
    const started = run([...apiArgs(), "--log-level", "trace"]);
    await urlOf(started);
    started.child.kill("SIGTERM");
    await exitOf(started);
    const password = decodeURIComponent(new URL(database.url).password);
    assert.ok(password.length > 4);
    for (const secret of [password, "s".repeat(43)]) {
      assert.ok(!`${started.out}${started.err}`.includes(secret));
    }
  });

  it("lists all configuration problems at once and exits with 2", async () => {
    const started = run([
      "--role",
      "all",
      "--host",
      "0.0.0.0",
      "--port",
      "x",
      "--development-secret-file",
      "y",
    ]);
    assert.equal(await exitOf(started), 2);
    assert.match(started.err, /--port/);
    const loopback = run(["--role", "all", "--host", "0.0.0.0", "--development-secret-file", "y"]);
    assert.equal(await exitOf(loopback), 2);
    assert.match(loopback.err, /--host[^\n]*not loopback/);
    assert.match(loopback.err, /--kubeconfig[^\n]*missing/);
  });

  it("refuses a secret that others can read and a port that is in use, with the reason", async () => {
    const open = join(dir.path, "open");
    await writeFile(open, `gpu-dev-secret-${"o".repeat(43)}\n`);
    await chmod(open, 0o644);
    const readable = run(["--role", "api", "--port", "0", "--development-secret-file", open]);
    assert.equal(await exitOf(readable), 1);
    assert.match(readable.err, /can be read by others; run: chmod 600/);
    const holder = run(apiArgs());
    const port = new URL(await urlOf(holder)).port;
    const second = run([...apiArgs().slice(0, 2), "--port", port, ...apiArgs().slice(4)]);
    assert.equal(await exitOf(second), 1);
    assert.match(second.err, new RegExp(`127\\.0\\.0\\.1:${port} is in use`));
    holder.child.kill("SIGTERM");
    await exitOf(holder);
  });

  it("fails with an explanation if the database stays unavailable", async () => {
    const url = `postgres://nobody:secret@127.0.0.1:${String(await freePort())}/none`;
    const config = readConfig(apiArgs(), { DATABASE_URL: url });
    assert.ok(config);
    await assert.rejects(
      startControlPlane(config, createLogger("silent"), { databaseWaitMs: 100 }),
      {
        message: /^PostgreSQL did not respond for .* check that it runs/,
      },
    );
  });

  it("stops at once on SIGTERM while it waits for the database, and reports that it started nothing", async () => {
    const url = `postgres://nobody:secret@127.0.0.1:${String(await freePort())}/none`;
    const waiting = run(["--role", "migrate"], { DATABASE_URL: url });
    await waitFor(() => waiting.err.includes("PostgreSQL does not respond"), {
      describe: "the process to wait for its database",
    });
    waiting.child.kill("SIGTERM");
    // Not 0, because the caller must not treat the migration as done. The timeout of mocha is far
    // below that of the process, so the process must have stopped early.
    assert.equal(await exitOf(waiting), 1);
    assert.match(waiting.err, /asked to stop before PostgreSQL responded; nothing was started/);
    assert.equal(waiting.err.match(/does not respond/g)?.length, 1);
  });

  it("ends streams and idle connections, and completes running requests, when it stops", async () => {
    const api = await startApi();
    // The server accepts this connection before it responds to the requests below.
    const idle = connect(Number(new URL(api.url).port), "127.0.0.1");
    idle.resume();
    await once(idle, "connect");
    const alice = await api.signIn("alice");
    const stream = await readEvents(api.url, alice.token);
    // A lock on the row of the user blocks the request while it runs.
    const holder = await api.database.transaction();
    await rows(holder, "select 1 from users where id = ? for update", [alice.id]);
    const running = alice.post("/v1/reservations", REQUEST);
    await waitFor(
      async () => {
        const blocked =
          "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        return (await rows(api.database, blocked)).length === 1;
      },
      { describe: "the request to be blocked" },
    );
    const stopped = api.stopServer();
    await waitFor(() => stream.closed() && idle.closed, {
      timeoutMs: 5_000,
      describe: "the stream and the idle connection to end",
    });
    await assert.rejects(fetch(`${api.url}/healthz`), "new connections are refused");
    await holder.commit();
    const response = await running;
    assert.equal(response.status, 201);
    await stopped;
    const [created] = await rows(api.database, "select 1 from reservations where id = ?", [
      String(response.body["id"]),
    ]);
    assert.ok(created);
    await api.stop();
  });
});
