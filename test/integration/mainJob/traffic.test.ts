import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../../support/freePort.ts";
import { requireTool } from "../../support/requireTool.ts";
import { waitFor } from "../../support/waitFor.ts";
import { makeUser, type User } from "../../support/user.ts";
import { startWholeSystem, type WholeSystem } from "../../support/wholeSystem.ts";

const HOST = "gpu-dev-demo";
/** Responds with the id of the reservation, which only a process in the pod knows. */
const SERVER = `require("node:http").createServer((_, r) => r.end(process.env.GPU_DEV_RESERVATION_ID))
  .listen(Number(process.argv[2]), "127.0.0.1", () => console.log("listening"));`;

describe("the main job: files and ports", function () {
  this.timeout(60_000);
  let system: WholeSystem;
  let user: User;
  let id: string;
  let content: Buffer;

  before(async function () {
    requireTool(this, "ssh", "ssh-keygen");
    system = await startWholeSystem();
    user = await makeUser(system.url);
    await user.gpuDevDone("setup", "--yes");
    await user.gpuDevDone("reserve", "--gpu-type", "t4", "--hours", "1", "--name", "demo");
    ({ id } = await user.show("demo"));
    content = randomBytes(300_000);
    await mkdir(join(user.home, "project/deep"), { recursive: true });
    await writeFile(join(user.home, "project/deep/data.bin"), content);
  });
  after(async () => {
    await (user as User | undefined)?.remove();
    await (system as WholeSystem | undefined)?.remove();
  });

  it("copies a file in both directions with scp", async function () {
    requireTool(this, "scp");
    await runProgram("scp", [
      "-F",
      user.sshConfig,
      "-q",
      "project/deep/data.bin",
      `${HOST}:scp.bin`,
    ]);
    await runProgram("scp", ["-F", user.sshConfig, "-q", `${HOST}:/workspace/scp.bin`, "back.bin"]);
    assert.deepEqual(await readFile(join(user.home, "back.bin")), content);
  });

  it("copies a folder in both directions with sftp", async function () {
    requireTool(this, "sftp");
    const batch = "put -r project sftp\nrename sftp sftp2\nget sftp2/deep/data.bin sftp.bin\n";
    await runProgram("sftp", ["-F", user.sshConfig, "-q", "-b", "-", HOST], batch);
    assert.deepEqual(await readFile(join(user.home, "sftp.bin")), content);
  });

  it("copies a folder in both directions with rsync", async function () {
    requireTool(this, "rsync");
    const options = ["-a", "-e", `ssh -F ${user.sshConfig}`];
    await runProgram("rsync", [...options, "project/", `${HOST}:synced/`]);
    await runProgram("rsync", [...options, `${HOST}:synced/`, "synced"]);
    assert.deepEqual(await readFile(join(user.home, "synced/deep/data.bin")), content);
  });

  it("forwards a port to a server in the pod, with -L and with -D", async function () {
    requireTool(this, "curl");
    const podPort = await startServerInPod();
    const [local, socks] = [await freePort(), await freePort()];
    const forwards = ["-L", `${String(local)}:127.0.0.1:${podPort}`, "-D", String(socks)];
    user.background("ssh", [...ssh("-N", "-o", "ExitOnForwardFailure=yes"), ...forwards, HOST]);
    assert.equal(await fetchWhenUp([`http://127.0.0.1:${String(local)}/`]), id);
    const proxy = ["-x", `socks5h://127.0.0.1:${String(socks)}`];
    assert.equal(await fetchWhenUp([...proxy, `http://127.0.0.1:${podPort}/`]), id);
  });

  it("runs a piped script and a proxy in one connection, as the first connection of an editor does", async () => {
    const socks = String(await freePort());
    const script = "echo begin\nuname -s\nfor i in 1 2 3; do echo step $i; done\necho end:$?\n";
    const output = await runProgram("ssh", [...ssh("-T", "-D", socks), HOST, "bash"], script);
    assert.equal(output, "begin\nLinux\nstep 1\nstep 2\nstep 3\nend:0\n");
  });

  const ssh = (...options: string[]) => ["-F", user.sshConfig, "-o", "BatchMode=yes", ...options];

  /** Runs a program as the user and returns its output; fails if the program fails. */
  async function runProgram(
    program: string,
    args: readonly string[],
    input?: string,
  ): Promise<string> {
    const { code, stdout, stderr } = await user.run(program, args, input);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  async function startServerInPod(): Promise<string> {
    const port = String(await freePort());
    await runProgram("ssh", [...ssh(), HOST, "cat > server.cjs"], SERVER);
    const start = `nohup ${process.execPath} server.cjs ${port} > server.log 2>&1 &`;
    await runProgram("ssh", [...ssh(), HOST, start]);
    await waitFor(async () => (await user.ssh(HOST, "cat server.log")).stdout === "listening\n", {
      describe: "the server in the pod to listen",
    });
    return port;
  }

  function fetchWhenUp(args: readonly string[]): Promise<string> {
    return waitFor(async () => (await user.run("curl", ["-sf", "-m", "3", ...args])).stdout, {
      describe: `a response with curl ${args.join(" ")}`,
    });
  }
});
