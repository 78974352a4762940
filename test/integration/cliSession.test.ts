import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CLI, pathWithCli } from "../support/installedCli.ts";
import { UNSET_WIRE_FIELDS } from "../support/reservationFixture.ts";
import { requireTool } from "../support/requireTool.ts";
import {
  type Handler,
  json,
  problem,
  type ScriptedServer,
  startScriptedServer,
} from "../support/scriptedServer.ts";
import { makeTempDir, type TempDir } from "../support/tempDir.ts";
import { waitFor } from "../support/waitFor.ts";

const SECRET = `gpu-dev-secret-${randomBytes(32).toString("base64url")}`;
const ME = {
  id: "0000000000000001",
  name: "ada",
  role: "user",
  tokenExpiresAt: "2030-01-01T00:00:00.000Z",
};
const QUEUED = {
  ...UNSET_WIRE_FIELDS,
  id: "00000000000000a1",
  name: "demo",
  owner: { id: ME.id, name: "ada" },
  spec: { gpuType: "h100", gpus: 2, durationSeconds: 3600, disk: "work", image: null, labels: {} },
  state: "queued",
  waiting: { position: 1, ahead: 0, reason: "Both nodes are full until 14:20." },
  createdAt: "2026-11-23T12:00:00.000Z",
  generation: 0,
};
const FAILED = { state: "failed", phase: null };

describe("the command line", () => {
  let dir: TempDir;
  let server: ScriptedServer;
  let handlers: Record<string, Handler>;
  let proofs: string[];

  before(function () {
    requireTool(this, "ssh", "ssh-keygen");
  });
  beforeEach(async () => {
    dir = await makeTempDir("cli");
    proofs = [];
    await writeFile(join(dir.path, "secret"), `${SECRET}\n`, { mode: 0o600 });
    handlers = {
      "GET /v1/sign-in": (_request, response) => {
        const secretFile = join(dir.path, "secret");
        const methods = [{ kind: "development", secretFile, defaultUser: "ada" }];
        json(response, 200, { server: new URL(server.url).host, version: "1", methods });
      },
      "POST /v1/tokens": (_request, response, body) => {
        proofs.push(body);
        json(response, 201, { id: ME.id, token: "t1", expiresAt: ME.tokenExpiresAt, user: ME });
      },
      "GET /v1/keys": (_request, response) => {
        json(response, 200, { items: [] });
      },
      "POST /v1/keys": (_request, response, body) => {
        const { publicKey } = JSON.parse(body) as { publicKey: string };
        const key = { id: ME.id, publicKey, fingerprint: "SHA256:x", comment: "" };
        json(response, 201, { ...key, createdAt: QUEUED.createdAt });
      },
      "GET /v1/reservations": (_request, response) => {
        json(response, 200, { items: [QUEUED], nextCursor: null });
      },
      [`GET /v1/reservations/${QUEUED.id}`]: (_request, response) => {
        json(response, 200, QUEUED);
      },
      "POST /v1/reservations": (_request, response) => {
        json(response, 201, QUEUED);
      },
    };
    server = await startScriptedServer(handlers);
  });
  afterEach(async () => {
    await server.close();
    await dir.remove();
  });

  const start = (...args: string[]) => {
    const child = spawn(process.execPath, [CLI, "--server", server.url, ...args], {
      env: { PATH: pathWithCli(dir.path), HOME: dir.path, TZ: "UTC" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said = { out: "", err: "" };
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (said.out += chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (said.err += chunk));
    const exit = new Promise<number | null>((resolve) => child.on("close", resolve));
    return { child, said, exit };
  };
  const run = async (...args: string[]) => {
    const { said, exit } = start(...args);
    return { code: await exit, ...said };
  };

  it("proves the user's identity without sending the secret, and stores the token 0600", async () => {
    const login = await run("login", "--json");
    assert.equal(login.code, 0, login.err);
    assert.ok(!`${proofs.join("")}${login.out}${login.err}`.includes(SECRET));
    const sent = JSON.parse(proofs[0] ?? "") as Record<string, string>;
    const parts = [new URL(server.url).host, "ada", sent["issuedAt"]];
    const proof = createHmac("sha256", SECRET).update(parts.join("\n")).digest("base64url");
    assert.equal(sent["proof"], proof);
    const credentials = join(dir.path, ".config", "gpu-dev", "credentials.json");
    assert.equal((await stat(credentials)).mode & 0o777, 0o600);
    await assert.rejects(stat(join(dir.path, ".ssh")), { code: "ENOENT" });
  });

  it("S4: a secret file that others may read, or that holds no secret, is not used", async () => {
    await chmod(join(dir.path, "secret"), 0o644);
    assert.equal((await run("login")).code, 3);
    await chmod(join(dir.path, "secret"), 0o600);
    await writeFile(join(dir.path, "secret"), "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    const refused = await run("login");
    assert.equal(refused.code, 3);
    assert.match(refused.err, /is not a sign-in secret, so it was not used/);
    assert.deepEqual(proofs, []);
  });

  it("setup adds one Include line that ssh reads, and setup --remove removes it", async () => {
    const setup = await run("setup", "--yes");
    assert.equal(setup.code, 0, setup.err);
    assert.doesNotMatch(setup.err, /But:/);
    const config = join(dir.path, ".ssh", "config");
    assert.match(await readFile(config, "utf8"), /^# >>> gpu-dev >>>\n[^]*Include "/);
    assert.equal((await run("setup", "--remove")).code, 0);
    await assert.rejects(stat(config), { code: "ENOENT" });
  });

  it("N10: Ctrl-C while waiting says that it stays queued, and cancels nothing", async () => {
    await run("login");
    const waiting = start("reserve", "-t", "h100", "-g", "2", "--name", "demo");
    await waitFor(() => waiting.said.err.includes("full until 14:20"), { describe: "progress" });
    waiting.child.kill("SIGINT");
    assert.equal(await waiting.exit, 130);
    assert.match(waiting.said.err, /demo stays queued.*gpu-dev cancel demo/);
    assert.ok(!server.requests.some((request) => request.endsWith("/cancel")));
  });

  it("waits for the end of a failed start, prints the reason, and exits with 7", async () => {
    await run("login");
    const stopping = { ...QUEUED, state: "stopping", phase: "closing", waiting: null };
    const end = {
      endedAt: "2026-11-23T12:01:00.000Z",
      endReason: "start-failed",
      endDetail: "No image.",
    };
    let asked = 0;
    handlers[`GET /v1/reservations/${QUEUED.id}`] = (_request, response) => {
      asked += 1;
      json(response, 200, asked < 2 ? stopping : { ...stopping, ...end, ...FAILED });
    };
    const failed = await run("reserve", "-t", "h100", "-g", "2", "--name", "demo");
    assert.equal(failed.code, 7, failed.err);
    assert.match(failed.err, /\nerror: demo did not start: No image\.\n$/);
  });

  it("prints an aligned table, and JSON for scripts", async () => {
    await run("login");
    const table = await run("list");
    assert.deepEqual(table.out.split("\n").slice(0, 2), [
      "NAME  TYPE      STATE                NODE  TIME LEFT",
      "demo  2 x H100  queued, 1st in line  -     1 h once ready",
    ]);
    const { items } = JSON.parse((await run("list", "--json")).out) as { items: unknown[] };
    assert.equal(items.length, 1);
  });

  it("exits with the documented codes, and prints the problem as JSON with --json", async () => {
    assert.equal((await run("list")).code, 3);
    assert.equal((await run("reserve", "--nonsense")).code, 2);
    await run("login");
    assert.equal((await run("show", "nope")).code, 4);
    assert.equal((await run("connect", "demo")).code, 5);
    handlers["POST /v1/reservations"] = (_request, response) => {
      json(response, 409, problem(409, "disk_in_use", "The disk work is in use by demo."));
    };
    const refused = await run("reserve", "-t", "h100", "--json");
    assert.equal(refused.code, 5);
    assert.equal((JSON.parse(refused.err) as { code: string }).code, "disk_in_use");
    assert.equal((await run("--server", "http://127.0.0.1:1", "login")).code, 6);
  });
}).timeout(60_000);
