import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import ssh2 from "ssh2";
import { systemClock } from "@gpu-dev/client/clock.ts";
import { openHostFiles } from "@gpu-dev/client/ssh/hostFiles.ts";
import { ensureOwnKey } from "@gpu-dev/client/ssh/keys.ts";
import { realFileSystem } from "@gpu-dev/client/ssh/fileSystem.ts";
import { verifyHost } from "../../support/verifyHost.ts";
import { requireTool } from "../../support/requireTool.ts";
import { liveHost } from "../../support/sshHostFixtures.ts";
import { type StallingRelay, startStallingRelay } from "../../support/stallingRelay.ts";
import { makeTempDir, type TempDir } from "../../support/tempDir.ts";
import { waitFor } from "../../support/waitFor.ts";

/**
 * The generated hosts ask every 15 seconds and give up after 3 unanswered; here each second, to see
 * it happen.
 */
const QUICK = ["-o", "ServerAliveInterval=1"];

describe("an ssh session through a generated host, on a network that fails", () => {
  let dir: TempDir;
  let server: ssh2.Server;
  let relay: StallingRelay;
  let index: string;

  before(function () {
    requireTool(this, "ssh", "ssh-keygen");
  });
  beforeEach(async () => {
    dir = await makeTempDir("stall");
    const hostKey = join(dir.path, "host_key");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", hostKey]);
    server = await startEcho(await readFile(hostKey, "utf8"));
    relay = await startStallingRelay((server.address() as AddressInfo).port);
    const own = { platform: process.platform, ownDir: join(dir.path, ".gpu-dev") };
    const files = openHostFiles({
      ...own,
      fs: realFileSystem,
      server: "127.0.0.1:8710",
      identityFile: await ensureOwnKey(own),
      explainCommand: ["/nowhere"],
      now: systemClock.now,
    });
    const hostKeys = [(await readFile(`${hostKey}.pub`, "utf8")).trim()];
    const host = liveHost(1, { port: relay.port, hostKeys });
    await files.sync({ me: "ada", live: [host], ended: [] });
    index = files.paths.index;
  });
  afterEach(async () => {
    await relay.close();
    server.close();
    await dir.remove();
  });

  const openSession = async () => {
    const child = spawn("ssh", ["-F", index, ...QUICK, "gpu-dev-box1", "echo"], { stdio: "pipe" });
    const said = { out: "", err: "" };
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (said.out += chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (said.err += chunk));
    const exit = once(child, "close") as Promise<[number | null]>;
    const sees = (text: string) =>
      waitFor(() => said.out.includes(text), { describe: `"${text}" from ssh, not ${said.err}` });
    child.stdin.write("hello\n");
    await sees("hello");
    return { child, said, exit, sees };
  };

  it("N1: survives a stall shorter than the generated limit of 45 seconds", async () => {
    const { child, exit, sees } = await openSession();
    relay.stall();
    child.stdin.write("while stalled\n");
    // The line, and at least one question whether the server is alive, wait.
    await waitFor(() => relay.held >= 2, { describe: "an unanswered question" });
    relay.resume();
    await sees("while stalled");
    child.stdin.write("afterwards\n");
    await sees("afterwards");
    child.stdin.end();
    assert.deepEqual(await exit, [0, null]);
    const wanted = { serveraliveinterval: "15", serveralivecountmax: "3", tcpkeepalive: "yes" };
    const verified = await verifyHost({ ssh: "ssh", configFile: index }, "gpu-dev-box1", wanted);
    assert.deepEqual(verified, []);
  });

  it("N1: ends with a reason instead of hanging if the network stays blocked", async () => {
    const { said, exit } = await openSession();
    relay.stall();
    const [code] = await exit;
    assert.equal(code, 255);
    assert.match(said.err, /Timeout, server \S+ not responding/);
  });

  it("N1: ends at once if the server disappears", async () => {
    const { said, exit } = await openSession();
    await relay.close();
    const [code] = await exit;
    assert.equal(code, 255);
    assert.match(said.err, /closed|reset|disconnect/i);
    relay = await startStallingRelay(1);
  });
});

/** An SSH server that accepts every client and echoes its input. */
async function startEcho(hostKey: string): Promise<ssh2.Server> {
  const server = new ssh2.Server({ hostKeys: [hostKey] }, (connection) => {
    connection.on("error", () => undefined);
    connection.on("authentication", (context) => {
      if (context.method === "publickey") context.accept();
      else context.reject(["publickey"]);
    });
    connection.on("session", (accept) => {
      accept().on("exec", (acceptExec) => {
        const channel = acceptExec();
        channel.on("data", (chunk: Buffer) => channel.write(chunk));
        channel.on("end", () => {
          channel.exit(0);
          channel.end();
        });
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}
