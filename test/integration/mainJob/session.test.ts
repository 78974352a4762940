import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { KubeConfig, VersionApi } from "@kubernetes/client-node";
import type { Availability } from "@gpu-dev/shared/api/resources.ts";
import { requireTool } from "../../support/requireTool.ts";
import { makeUser, type User } from "../../support/user.ts";
import {
  requiresRealCluster,
  startWholeSystem,
  type WholeSystem,
} from "../../support/wholeSystem.ts";

const TRAINING = `
import os, random
random.seed(7)
data = [(x / 100, 3 * x / 100 + 1) for x in range(100)]
w = b = 0.0
for epoch in range(400):
    gw = sum(2 * (w * x + b - y) * x for x, y in data) / len(data)
    gb = sum(2 * (w * x + b - y) for x, y in data) / len(data)
    w, b = w - 0.5 * gw, b - 0.5 * gb
open("model.txt", "w").write(f"{w:.3f} {b:.3f}")
print("trained in", os.getcwd(), "on", os.environ["CUDA_VISIBLE_DEVICES"], f"{w:.3f} {b:.3f}")
`;

describe("the main job: a work session", function () {
  this.timeout(60_000);
  let system: WholeSystem;
  let user: User;

  before(async function () {
    requireTool(this, "ssh", "ssh-keygen");
    system = await startWholeSystem();
    user = await makeUser(system.url);
    await user.gpuDevDone("setup", "--yes");
    await user.gpuDevDone("login");
  });
  after(async () => {
    await (user as User | undefined)?.remove();
    await (system as WholeSystem | undefined)?.remove();
  });

  it("runs on the configured cluster", async () => {
    const config = new KubeConfig();
    config.loadFromFile(system.kubeconfig);
    const { gitVersion } = await config.makeApiClient(VersionApi).getCode();
    // Without its hooks, the suite of the real cluster would run on dev-cluster and pass.
    const expected = requiresRealCluster() ? /^v1\.\d+\.\d+$/ : /-dev-cluster$/;
    assert.match(gitVersion, expected);
  });

  it("shows the free GPUs, reserves, and waits until the server is ready", async () => {
    assert.match(await user.gpuDevDone("avail"), /^h100 +1, 2, 4, 8 +0 +16 /m);
    const request = ["--gpu-type", "h100", "--gpus", "2", "--hours", "1", "--disk", "work"];
    const output = await user.gpuDevDone("reserve", ...request, "--name", "demo");
    assert.match(output, /^demo is ready, until [^]*gpu-dev-demo\n +Workspace +\/workspace$/m);
    const { types } = JSON.parse(await user.gpuDevDone("avail", "--json")) as Availability;
    assert.equal(types.find(({ type }) => type === "h100")?.freeGpus, 14);
    assert.match(await user.gpuDevDone("disk", "list"), /^work +100 GiB .* by demo until /m);
  });

  it("runs a command with ssh, in the workspace and with both GPUs", async () => {
    const command =
      "pwd; echo $HOME $CUDA_VISIBLE_DEVICES $GPU_DEV_RESERVATION_NAME; nvidia-smi -L";
    const { code, stdout, stderr } = await user.ssh("gpu-dev-demo", command);
    assert.equal(code, 0, stderr);
    const [folder, values, ...gpus] = stdout.trim().split("\n");
    assert.deepEqual([folder, values], ["/workspace", "/home/dev 0,1 demo"]);
    assert.equal(gpus.length, 2);
    for (const [index, line] of gpus.entries())
      assert.match(line, new RegExp(`^GPU ${String(index)}: NVIDIA H100 80GB HBM3 \\(UUID: GPU-`));
  });

  it("provides a real terminal", async () => {
    // `script` runs ssh in a terminal of a known size, as a terminal window does.
    const command = "stty size; echo $TERM; test -t 0 && tty";
    const line = `stty rows 41 cols 123; ssh -F ${user.sshConfig} -tt gpu-dev-demo '${command}'`;
    const { stdout } = await user.run("script", ["-qec", line, "/dev/null"]);
    assert.match(stdout, /41 123\r?\n[^]*xterm-256color\r?\n[^]*\/dev\/pts\/\d+/);
  });

  it("trains a model", async function () {
    requireTool(this, "python3");
    const sent = await user.run("ssh", ssh("cat > train.py"), TRAINING);
    assert.equal(sent.code, 0, sent.stderr);
    const trained = await user.ssh("gpu-dev-demo", "python3 train.py && cat model.txt");
    assert.equal(trained.code, 0, trained.stderr);
    assert.equal(trained.stdout, "trained in /workspace on 0,1 3.000 1.000\n3.000 1.000");
  });

  it("exits from connect with the exit code of the command", async () => {
    assert.equal((await user.gpuDev("connect", "demo", "--", "true")).code, 0);
    const ended = await user.gpuDev("connect", "demo", "--", "echo done; exit 7");
    assert.deepEqual([ended.code, ended.stdout], [7, "done\n"]);
  });

  it("shows all details of the reservation", async () => {
    const block = await user.gpuDevDone("get-ssh-config", "demo");
    assert.match(block, /^Host gpu-dev-demo\n[^]*^ +HostName 127\.\d+\.\d+\.\d+\n +Port 2222$/m);
    assert.ok((await readFile(user.sshConfig, "utf8")).includes("Include"));
    assert.match(await user.gpuDevDone("logs", "demo"), /SSH server listens on/);
    const shown = await user.show("demo");
    assert.deepEqual([shown.state, shown.spec.gpus, shown.spec.disk], ["ready", 2, "work"]);
    const listed = JSON.parse(await user.gpuDevDone("list", "--json")) as { items: unknown[] };
    assert.equal(listed.items.length, 1);
    assert.match(await user.gpuDevDone("status"), /Cluster +up[^]* 1 ready/);
  });

  it("extends by exactly the requested time", async () => {
    const before = await user.show("demo");
    await user.gpuDevDone("extend", "demo", "--hours", "0.5");
    const after = await user.show("demo");
    const addedMs = Date.parse(after.expiresAt ?? "") - Date.parse(before.expiresAt ?? "");
    assert.equal(addedMs, 30 * 60_000);
  });

  const ssh = (command: string) => ["-F", user.sshConfig, "gpu-dev-demo", command];
});
