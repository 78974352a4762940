import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createApiClient } from "@gpu-dev/client/http/apiClient.ts";
import { realFileSystem } from "@gpu-dev/client/ssh/fileSystem.ts";
import { syncDeploymentHosts } from "@gpu-dev/client/ssh/reservationHosts.ts";
import { requireTool } from "../support/requireTool.ts";
import { UNSET_WIRE_FIELDS } from "../support/reservationFixture.ts";
import { type Handler, json, startScriptedServer } from "../support/scriptedServer.ts";
import { makeTempDir, type TempDir } from "../support/tempDir.ts";
import { type ApiUnderTest, startApi } from "./api/apiUnderTest.ts";
import { type CliPlace, runCli } from "./cliUnderTest.ts";
import { startServer } from "./sshConduct/serverUnderTest.ts";

/** Each test signs in as another user, because keys stay with their user. */
describe("the key pair of this machine", function () {
  this.timeout(60_000);
  let api: ApiUnderTest;
  let dir: TempDir;
  let place: CliPlace;
  let identity: string;

  before(async function () {
    requireTool(this, "ssh", "ssh-keygen");
    api = await startApi();
  });
  after(() => api?.stop()); // eslint-disable-line @typescript-eslint/no-unnecessary-condition
  beforeEach(async () => {
    dir = await makeTempDir("keys");
    place = { server: api.url, home: dir.path };
    identity = join(dir.path, ".gpu-dev/ssh/id_ed25519");
  });
  afterEach(() => dir.remove());

  const run = async (...args: string[]) => {
    const result = await runCli(place, ...args);
    assert.equal(result.code, 0, result.err);
    return result;
  };
  const isRegisteredFor = async (user: string) => {
    const publicKey = execFileSync("ssh-keygen", ["-y", "-P", "", "-f", identity]).toString();
    const [, data = "none"] = publicKey.split(" ");
    const { body } = await (await api.signIn(user)).get("/v1/keys");
    return (body["items"] as { publicKey: string }[]).some((key) => key.publicKey.includes(data));
  };

  it("is registered by whatever command creates it", async () => {
    await run("login", "--as", "ada");
    await rm(join(dir.path, ".gpu-dev"), { recursive: true });
    const printed = await run("get-ssh-config");
    assert.equal(await isRegisteredFor("ada"), true);
    assert.match(printed.err, /was missing or damaged, so a new one was registered/);
    assert.doesNotMatch((await run("get-ssh-config")).err, /registered/);
  });

  it("is not created if it can't be registered, so that the next command tries again", async () => {
    const paths = { ownDir: join(dir.path, ".gpu-dev") };
    const { platform } = process;
    const server = "http://127.0.0.1:1";
    const deployment = {
      fs: realFileSystem,
      platform,
      server,
      paths,
      explainCommand: ["/bin/false"],
    };
    const sync = syncDeploymentHosts(
      { ...deployment, now: () => new Date("2026-11-23T12:00:00.000Z") },
      createApiClient({ baseUrl: server, token: () => "t" }),
      { user: "ada", identity: undefined },
      [],
    );
    await assert.rejects(sync);
    const names = await realFileSystem.readDirectory(join(paths.ownDir, "ssh"));
    assert.deepEqual(names, []);
  });

  it("is replaced and registered by login and setup if it is damaged", async () => {
    await run("login", "--as", "barbara");
    const whole = await readFile(identity, "utf8");
    const truncated = whole.slice(0, whole.length / 2);
    // A complete file with a damaged content, as after a fault of the disk.
    const garbled = whole.replace(/AAAAB/g, "AAAAC").replace(/A(?=A{4})/g, "B");
    for (const content of ["", truncated, garbled]) {
      await writeFile(identity, content);
      const setup = await run("setup", "--yes", "--as", "barbara");
      assert.match(setup.err, /id_ed25519 \(a new pair\)/);
      assert.equal(await isRegisteredFor("barbara"), true);
      assert.equal(await readFile(`${identity}.damaged`, "utf8"), content);
      assert.equal((await stat(identity)).mode & 0o777, 0o600);
    }
    await writeFile(identity, "");
    assert.match((await run("login", "--as", "barbara")).out, /\(a new pair\)/);
    await writeFile(identity, "");
    await run("get-ssh-config");
    assert.equal(await isRegisteredFor("barbara"), true);
  });

  it("a chosen key that ssh can't use is refused with the reason", async () => {
    const chosen = join(dir.path, "mine");
    await writeFile(chosen, "", { mode: 0o600 });
    const login = await runCli(place, "login", "--as", "carol", "--identity", chosen);
    assert.notEqual(login.code, 0);
    assert.match(login.err, /mine is not a private key that ssh can use: ssh-keygen reports ".+"/);
  });

  it("a key that the server refuses is named by its file", async () => {
    const ssh = join(dir.path, ".ssh");
    await mkdir(ssh, { mode: 0o700 });
    const weak = join(ssh, "id_weak");
    execFileSync("ssh-keygen", ["-q", "-t", "rsa", "-b", "1024", "-N", "", "-f", weak]);
    const login = await run("login", "--as", "edsger");
    assert.match(login.out, /Not registered: \S+\/\.ssh\/id_weak\.pub \(ssh-rsa\): \w/);
  });

  it("login replaces damaged credentials", async () => {
    const credentials = join(dir.path, ".config/gpu-dev/credentials.json");
    await run("login", "--as", "frances");
    for (const content of ["", '{"http', "[]"]) {
      await writeFile(credentials, content);
      const list = await runCli(place, "list");
      assert.equal(list.code, 3, list.err);
      assert.match(list.err, /gpu-dev\S* login|login"/);
      await run("login", "--as", "frances");
      await run("list");
    }
  });

  it("connect names a key that is not registered", async () => {
    const server = await startServer("dev-cluster");
    const me = { id: "0000000000000001", name: "ada", role: "user" };
    const reservation = {
      ...UNSET_WIRE_FIELDS,
      id: "00000000000000a1",
      name: "demo",
      owner: { id: me.id, name: "ada" },
      spec: {
        gpuType: "h100",
        gpus: 1,
        durationSeconds: 3600,
        disk: null,
        image: null,
        labels: {},
      },
      state: "ready",
      createdAt: "2026-11-23T12:00:00.000Z",
      expiresAt: "2100-01-01T00:00:00.000Z",
      generation: 1,
    };
    const hostKey = await readFile(join(server.folder, "host.pub"), "utf8");
    const { id, name } = reservation;
    const responses: Record<string, unknown> = {
      "GET /v1/keys": { items: [] },
      "GET /v1/reservations": { items: [reservation], nextCursor: null },
      [`GET /v1/reservations/${id}`]: reservation,
      [`GET /v1/reservations/${id}/connection`]: {
        reservationId: id,
        name,
        owner: "ada",
        kind: "direct",
        host: "127.0.0.1",
        port: server.port,
        user: "dev",
        hostKeys: [hostKey.trim()],
        workspacePath: "/workspace",
      },
    };
    const handlers = Object.fromEntries(
      Object.entries(responses).map(([route, body]): [string, Handler] => [
        route,
        (_request, response) => {
          json(response, 200, body);
        },
      ]),
    );
    const scripted = await startScriptedServer(handlers);
    try {
      await run("login", "--as", "ada");
      const credentials = join(dir.path, ".config/gpu-dev/credentials.json");
      const text = await readFile(credentials, "utf8");
      const host = (url: string) => new URL(url).host;
      await writeFile(credentials, text.replaceAll(host(api.url), host(scripted.url)));
      const connected = await runCli({ ...place, server: scripted.url }, "connect", "demo");
      assert.equal(connected.code, 255, connected.err);
      assert.match(connected.err, /Permission denied/);
      assert.match(connected.err, /key, \S+id_ed25519, is not registered: run ".*login"/);
    } finally {
      await scripted.close();
      await server.stop();
    }
  });
});
