import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { join } from "node:path";
import { requireTool } from "../../support/requireTool.ts";
import type { Pod } from "../../../dev-cluster/src/nodeAgent/kubeTypes.ts";
import {
  createPod,
  createSecret,
  waitForReadyPod,
  run,
  ssh,
  startClient,
  sshOptions,
  startAgentFixture,
  waitFor,
  type AgentFixture,
} from "./nodeAgentFixture.ts";

describe("a pod's SSH server, with the OpenSSH client", function () {
  this.timeout(60_000);
  let fixture: AgentFixture;
  let pod: Pod;
  let web: Server;
  let webPort: number;

  before(async function () {
    requireTool(this, "ssh");
    fixture = await startAgentFixture();
    await createSecret(fixture, "keys");
    await createPod(fixture, { name: "ssh", gpus: 2, secret: "keys" });
    pod = await waitForReadyPod(fixture, "ssh");
    web = createServer((_request, response) => response.end("from the web"));
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    webPort = (web.address() as AddressInfo).port;
  });

  after(async () => {
    web.close();
    await fixture.stop();
  });

  it("runs a command in the workspace, with separate output, errors and exit code", async () => {
    const result = await ssh(fixture, pod, ['pwd; echo "$HOME"; echo wrong >&2; exit 7']);
    assert.deepEqual(result, { code: 7, stdout: "/workspace\n/home/dev\n", stderr: "wrong\n" });
  });

  it("provides the GPUs: nvidia-smi and CUDA_VISIBLE_DEVICES, in commands and login shells", async () => {
    const smi = await ssh(fixture, pod, ["nvidia-smi -L; echo $CUDA_VISIBLE_DEVICES"]);
    const lines = smi.stdout.trim().split("\n");
    assert.match(lines[0] ?? "", /^GPU 0: NVIDIA H100 80GB HBM3 \(UUID: GPU-[0-9a-f-]{36}\)$/);
    assert.match(lines[1] ?? "", /^GPU 1: /);
    assert.equal(lines[2], "0,1");
    const login = await ssh(fixture, pod, ["bash -lc 'command -v nvidia-smi'"]);
    assert.equal(login.stdout, "/.gpu-dev/bin/nvidia-smi\n");
  });

  it("provides a real terminal with the client's size, and its exit code", async () => {
    const result = await ssh(fixture, pod, ["-tt", "test -t 0 && tty && stty size; exit 3"]);
    assert.equal(result.code, 3);
    assert.match(result.stdout, /^\/dev\/pts\/\d+\r\n\d+ \d+\r\n$/);
  });

  it("refuses a key that is not in the Secret, and a user other than dev", async () => {
    const foreign = join(fixture.dataDir, "foreign");
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", foreign]);
    const asForeign = await ssh({ ...fixture, key: foreign }, pod, ["true"]);
    assert.equal(asForeign.code, 255);
    assert.match(asForeign.stderr, /Permission denied \(publickey\)/);
    const address = pod.status?.podIP ?? "";
    const asRoot = await run("ssh", [...sshOptions(fixture), `root@${address}`, "true"]);
    assert.match(asRoot.stderr, /Permission denied \(publickey\)/);
  });

  it("carries binary data on both streams intact, with back-pressure", async () => {
    const result = await ssh(fixture, pod, [
      "head -c 8000000 /dev/zero; head -c 8000000 /dev/zero >&2",
    ]);
    assert.equal(result.stdout.length, 8_000_000);
    assert.equal(result.stderr.length, 8_000_000);
  });

  it("copies files with scp, and changes them with sftp", async () => {
    const file = join(fixture.dataDir, "random");
    writeFileSync(file, randomBytes(5_000_000));
    const target = `dev@${pod.status?.podIP ?? ""}`;
    const up = await run("scp", [...sshOptions(fixture), file, `${target}:a`]);
    assert.equal(up.code, 0, up.stderr);
    const commands = "mkdir d\nrename a d/b\nln -s b d/c\nls -1 d\nchmod 600 d/b\n";
    const sftp = await run("sftp", [...sshOptions(fixture), "-b", "-", target], commands);
    assert.equal(sftp.code, 0, sftp.stderr);
    assert.match(sftp.stdout, /d\/b\s+d\/c|d\/b\nd\/c/);
    for (const options of [[], ["-O"]]) {
      const back = `${file}.back`;
      const down = await run("scp", [
        ...options,
        ...sshOptions(fixture),
        `${target}:/workspace/d/c`,
        back,
      ]);
      assert.equal(down.code, 0, down.stderr);
      assert.ok(readFileSync(file).equals(readFileSync(back)));
    }
  });

  it("forwards with -L, and with -D while bash runs a piped script, as Remote-SSH does", async () => {
    const [local, socks] = [await freePort(), await freePort()];
    const target = `dev@${pod.status?.podIP ?? ""}`;
    const forward = `${String(local)}:127.0.0.1:${String(webPort)}`;
    const script = `echo "script in $PWD"
while [ ! -e /workspace/stop ]; do sleep 0.05; done
exit 5
`;
    const options = ["-T", "-D", String(socks), "-L", forward];
    const session = run("ssh", [...sshOptions(fixture), ...options, target, "bash"], script);
    const fetched = await waitFor("the forwarding responds", () => httpGet(local));
    assert.match(fetched, /from the web/);
    const throughSocks = await waitFor("the SOCKS proxy responds", () => socksGet(socks, webPort));
    assert.match(throughSocks, /from the web/);
    await ssh(fixture, pod, ["touch /workspace/stop"]);
    const ended = await session;
    assert.equal(ended.stdout, "script in /workspace\n");
    assert.equal(ended.code, 5);
  });

  it("forwards remote ports with -R", async function () {
    requireTool(this, "curl");
    const port = await freePort();
    const back = `${String(port)}:127.0.0.1:${String(webPort)}`;
    const result = await ssh(fixture, pod, [
      "-R",
      back,
      `curl -s http://127.0.0.1:${String(port)}`,
    ]);
    assert.equal(result.stdout, "from the web");
  });

  it("hangs up a closed terminal, but keeps processes that left it", async () => {
    const target = `dev@${pod.status?.podIP ?? ""}`;
    const command = "setsid sleep 1234 & sleep 4321";
    const close = startClient("ssh", ["-tt", ...sshOptions(fixture), target, command]);
    const count = async (seconds: number): Promise<string> =>
      (await ssh(fixture, pod, [`pgrep -cx -f 'sleep ${String(seconds)}'`])).stdout.trim();
    await waitFor("both run", async () =>
      (await count(1234)) === "1" && (await count(4321)) === "1" ? true : undefined,
    );
    close();
    await waitFor("the terminal's program ends", async () =>
      (await count(4321)) === "0" ? true : undefined,
    );
    assert.equal(await count(1234), "1");
  });

  it("runs a Python script if Python is installed", async function () {
    requireTool(this, "python3");
    const result = await ssh(fixture, pod, ["python3 -"], "import os; print(os.getcwd())");
    assert.equal(result.stdout, "/workspace\n");
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function httpGet(port: number): Promise<string | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${String(port)}/`);
    return await response.text();
  } catch {
    return undefined;
  }
}

/** SOCKS 5 by hand: no authentication, connect to 127.0.0.1, then plain HTTP. */
function socksGet(proxy: number, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(proxy, "127.0.0.1");
    const received: Buffer[] = [];
    let step = 0;
    socket.on("error", () => {
      resolve(undefined);
    });
    socket.on("connect", () => socket.write(Buffer.from([5, 1, 0])));
    socket.on("data", (chunk: Buffer) => {
      step += 1;
      if (step === 1) socket.write(Buffer.from([5, 1, 0, 1, 127, 0, 0, 1, port >> 8, port & 255]));
      else if (step === 2) socket.write("GET / HTTP/1.0\r\n\r\n");
      else received.push(chunk);
    });
    socket.on("close", () => {
      resolve(received.length === 0 ? undefined : Buffer.concat(received).toString());
    });
  });
}
