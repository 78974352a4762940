import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, stop } from "esbuild";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { createApiClient } from "@gpu-dev/client/http/apiClient.ts";
import { systemClock } from "@gpu-dev/client/clock.ts";
import { realFileSystem } from "@gpu-dev/client/ssh/fileSystem.ts";
import type { AccountState } from "../../../extension/src/account/account.ts";
import { clientPaths } from "@gpu-dev/client/paths.ts";
import { createHostSync, type HostSync } from "../../../extension/src/connect/hostSync.ts";
import { requireTool } from "../../support/requireTool.ts";
import {
  type Handler,
  json,
  problem,
  type ScriptedServer,
  startScriptedServer,
} from "../../support/scriptedServer.ts";
import { liveHost } from "../../support/sshHostFixtures.ts";
import { makeTempDir, type TempDir } from "../../support/tempDir.ts";
import { waitFor } from "../../support/waitFor.ts";
import { onWire } from "../../support/reservationFixture.ts";
import { liveWith, reservationOf } from "../../unit/extension/connectFixtures.ts";
import { runCli } from "../cliUnderTest.ts";

const WHO = { expiresAt: "2030-01-01T00:00:00.000Z", user: "ada", role: "user" as const };
const EXPLAIN = fileURLToPath(new URL("../../../extension/src/explainEntry.ts", import.meta.url));
const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, n) => reservationOf(first + n));

describe("the extension's ssh hosts", () => {
  let dir: TempDir;
  let server: ScriptedServer;
  let handlers: Record<string, Handler>;
  let bundle: string;
  let windows: HostSync[];
  let shown: unknown[];
  let logged: string[];

  before(function () {
    requireTool(this, "ssh", "ssh-keygen");
  });
  beforeEach(async () => {
    dir = await makeTempDir("hosts");
    windows = [];
    shown = [];
    logged = [];
    bundle = join(dir.path, "extension 1.0", "explain.cjs");
    handlers = {
      "POST /v1/keys": (_request, response, body) => {
        const { publicKey } = JSON.parse(body) as { publicKey: string };
        const key = { id: "0000000000000001", publicKey, fingerprint: "SHA256:x", comment: "" };
        json(response, 201, { ...key, createdAt: "2026-11-23T12:00:00.000Z" });
      },
    };
    for (const reservation of range(1, 24)) serve(reservation);
    server = await startScriptedServer(handlers);
  });
  // Its helper process stays for the next build otherwise.
  after(() => stop());
  afterEach(async () => {
    for (const window of windows) window.dispose();
    await server.close();
    await dir.remove();
  });

  const serve = (reservation: Reservation) => {
    const path = `GET /v1/reservations/${reservation.id}`;
    handlers[path] = (_request, response) => {
      json(response, 200, onWire(reservation));
    };
    handlers[`${path}/connection`] = (_request, response) => {
      const { id, host, port, user, hostKeys, workspacePath } = liveHost(Number(reservation.id));
      const { name } = reservation;
      const at = { kind: "direct", host, port, user, hostKeys, workspacePath };
      json(response, 200, { reservationId: id, name, owner: "ada", ...at });
    };
  };
  const bundleExplain = async () => {
    const options = { bundle: true, platform: "node", format: "cjs", target: "node22" } as const;
    await build({ entryPoints: [EXPLAIN], outfile: bundle, minify: true, ...options });
  };
  const openWindow = (first: readonly Reservation[], execPath = process.execPath) => {
    const live = liveWith(first);
    const client = createApiClient({ baseUrl: server.url, token: () => "t1" });
    const who = { ...WHO, server: new URL(server.url).host, identity: undefined };
    const account: { server: string; state: AccountState } = {
      server: server.url,
      state: { kind: "signedIn", profile: who, client },
    };
    const sync = createHostSync({
      account,
      live,
      fs: realFileSystem,
      platform: process.platform,
      execPath,
      paths: clientPaths({ platform: process.platform, home: dir.path, env: {} }),
      explainBundle: bundle,
      now: systemClock.now,
      log: { warn: (message) => void logged.push(message) },
      showFailure: (error) => void shown.push(error),
    });
    windows.push(sync);
    return { account, live, sync };
  };

  it("N4: two windows and the command line write concurrently without losing hosts", async function () {
    this.timeout(60_000);
    await bundleExplain();
    const credentials = join(dir.path, ".config", "gpu-dev");
    await mkdir(credentials, { recursive: true });
    const mine = { token: "t2", ...WHO, server: new URL(server.url).host, identity: null };
    await writeFile(join(credentials, "credentials.json"), JSON.stringify({ [server.url]: mine }));
    handlers["GET /v1/reservations"] = (_request, response) => {
      json(response, 200, { items: range(21, 24).map(onWire), nextCursor: null });
    };
    const grow = async (first: number, last: number) => {
      const { live, sync } = openWindow([]);
      for (let n = first; n <= last; n += 1) {
        live.show(range(first, n));
        await sync.syncNow();
      }
    };
    const place = { server: server.url, home: dir.path };
    const commandLine = async () => {
      const run = await runCli(place, "get-ssh-config");
      assert.equal(run.code, 0, run.err);
    };
    await Promise.all([grow(1, 10), grow(11, 20), commandLine()]);
    const [window] = windows;
    assert.ok(window);
    const { live } = await window.read();
    assert.deepEqual(
      live.map(({ name }) => name),
      range(1, 24).map(({ name }) => name),
    );
    const ssh = join(dir.path, ".gpu-dev", "ssh");
    const [conf] = (await readdir(ssh)).filter((name) => name.endsWith(".conf"));
    assert.equal((await readFile(join(ssh, conf ?? ""), "utf8")).match(/^Host /gm)?.length, 24);
    assert.deepEqual(shown, []);
  });

  it("N9: ssh shows how it ended without a window and without the extension's folder", async () => {
    await bundleExplain();
    // As the editor's program does: a script runs only where the environment says so.
    const editor = join(dir.path, "Code Helper");
    const asNode = `[ "$ELECTRON_RUN_AS_NODE" = 1 ] && exec '${process.execPath}' "$@"`;
    await writeFile(editor, `#!/bin/sh\n${asNode}\necho "an editor opened" >&2\n`);
    await chmod(editor, 0o755);
    const { live, sync } = openWindow(range(1, 2), editor);
    await sync.syncNow();
    const ended = { state: "ended", endedAt: "2026-11-23T14:02:00.000Z" } as const;
    const why = { endReason: "expired", endDetail: "Its time was up." } as const;
    live.show([reservationOf(1, { ...ended, ...why }), reservationOf(2)]);
    const tombstones = async () => (await sync.read()).tombstones.length === 1;
    await waitFor(tombstones, { describe: "the tombstone" });
    sync.dispose();
    await rm(join(dir.path, "extension 1.0"), { recursive: true });
    const client = spawn("ssh", ["-F", sync.index, "gpu-dev-box1"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    client.stderr.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
    const [code] = (await once(client, "close")) as [number];
    assert.equal(code, 255);
    assert.match(said, /gpu-dev: gpu-dev-box1 ended at .*, when its lease expired\. /);
  });

  it("copies the program for ended hosts once, and again only when it changed", async () => {
    await bundleExplain();
    const copy = join(dir.path, ".gpu-dev", "bin", "explain.cjs");
    await openWindow(range(1, 1)).sync.syncNow();
    await utimes(copy, 1, 1);
    await openWindow(range(1, 1)).sync.syncNow();
    assert.equal((await stat(copy)).mtimeMs, 1_000);
    await writeFile(bundle, "process.exitCode = 255;\n");
    await openWindow(range(1, 1)).sync.syncNow();
    assert.equal(await readFile(copy, "utf8"), "process.exitCode = 255;\n");
  });

  it("shows each problem of the files once", async () => {
    await bundleExplain();
    await writeFile(join(dir.path, ".gpu-dev"), "in the way");
    const { live, sync } = openWindow(range(1, 1));
    for (let n = 1; n <= 3; n += 1) {
      const seen = logged.length;
      live.show(range(1, n));
      await waitFor(() => logged.length >= seen + 2, { describe: "two more lines in the log" });
    }
    assert.equal(shown.length, 2);
    await assert.rejects(sync.syncNow());
  });

  it("knows the prefix of host names if another server uses the short names", async () => {
    await bundleExplain();
    const ssh = join(dir.path, ".gpu-dev", "ssh");
    await mkdir(ssh, { recursive: true });
    await writeFile(join(ssh, "elsewhere.hosts.json"), "{}");
    const { sync } = openWindow(range(1, 1));
    let changes = 0;
    sync.hosts.onDidChange(() => (changes += 1));
    const { prefix } = await sync.syncNow();
    assert.ok(changes > 0, "the rows are notified");
    assert.match(prefix, /^gpu-dev-127-0-0-1-\d+$/);
    assert.equal(sync.hosts.prefix(), prefix);
    const later = openWindow([]).sync;
    await waitFor(() => later.hosts.prefix() === prefix, { describe: "the prefix from the file" });
  });

  it("does not show that the server is unavailable, and keeps the hosts", async () => {
    await bundleExplain();
    const { live, sync } = openWindow(range(1, 1));
    await sync.syncNow();
    handlers[`GET /v1/reservations/${reservationOf(2).id}/connection`] = (request) => {
      request.socket.destroy();
    };
    live.show(range(1, 2));
    await waitFor(() => logged.length > 0, { describe: "a line in the log" });
    assert.match(logged[0] ?? "", /No response from the server/);
    assert.deepEqual(shown, []);
    assert.equal((await sync.read()).live.length, 1);
  });

  it("does nothing after the sign-out", async () => {
    await bundleExplain();
    const { account, live, sync } = openWindow([]);
    await sync.syncNow();
    // During the sync: the server refuses it then, which must not be shown.
    handlers[`GET /v1/reservations/${reservationOf(1).id}/connection`] = (_request, response) => {
      account.state = { kind: "signedOut" };
      json(response, 401, problem(401, "unauthenticated"));
    };
    live.show(range(1, 1));
    await assert.rejects(sync.syncNow(), /not signed in/);
    assert.equal(account.state.kind, "signedOut");
    live.show(range(1, 2));
    await assert.rejects(sync.syncNow(), /not signed in/);
    assert.deepEqual((await sync.read()).live, []);
    assert.deepEqual([shown, logged], [[], []]);
  });
});
