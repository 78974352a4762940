import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "../../support/waitFor.ts";
import { openSsh, ssh, sshOptions, TARGET, runClient } from "../../support/sshClient.ts";
import {
  PROGRAM,
  startContainer,
  type Container,
  type ContainerOptions,
  requireContainers,
} from "./container.ts";

const shell = (script: string) => ["sh", "-c", script];

describe("the SSH server as the first process of a container", function () {
  this.timeout(60_000);
  const containers: Container[] = [];

  beforeEach(function () {
    requireContainers(this, "busybox");
  });
  afterEach(async () => {
    for (const container of containers.splice(0)) await container.stop();
  });

  async function start(options: Partial<ContainerOptions> = {}): Promise<Container> {
    const container = await startContainer({ image: "busybox", ...options });
    containers.push(container);
    return container;
  }
  const logs = (container: Container, pattern: RegExp) =>
    waitFor(() => pattern.test(container.log()), { describe: String(pattern) });
  const has = (container: Container, commandLine: string) =>
    waitFor(() => container.processes().includes(commandLine), { describe: commandLine });
  const lacks = (container: Container, commandLine: string) =>
    waitFor(() => !container.processes().includes(commandLine), { describe: `no ${commandLine}` });

  it("starts the image's own program, and keeps serving after its end", async () => {
    const say = `echo "$OF_THE_IMAGE $CUDA_VISIBLE_DEVICES $# $2" > /workspace/said`;
    const container = await start({ entrypoint: [...shell(say), "start", "--fast", "a b"] });
    await logs(container, /the entrypoint ended \(exit code 0\)/);
    assert.equal(readFileSync(join(container.workspace, "said"), "utf8"), "yes 0,1 2 a b\n");
    assert.equal((await ssh(container, ["echo here"])).stdout, "here\n");
  });

  it("logs why the image's program cannot start, and serves anyway", async () => {
    const container = await start({ entrypoint: ["/no/such/program"] });
    assert.match(container.log(), /cannot start the entrypoint: .*\/no\/such\/program/);
    assert.equal((await ssh(container, ["echo here"])).stdout, "here\n");
  });

  it("restarts a killed server while the image's program keeps running", async () => {
    const container = await start({ entrypoint: shell("exec sleep 555") });
    await has(container, "sleep 555");
    container.kill(`${PROGRAM} listen --port ${String(container.port)}`);
    await logs(container, /listening on[^]*listening on/);
    assert.equal((await ssh(container, ["echo again"])).stdout, "again\n");
    assert.ok(container.processes().includes("sleep 555"));
  });

  it("reaps the background jobs of sessions", async () => {
    const container = await start();
    await ssh(container, ["setsid sleep 0.1 & setsid sleep 0.1 & exit 0"]);
    await lacks(container, "sleep 0.1");
    const states = await ssh(container, ["cat /proc/[0-9]*/stat | cut -d' ' -f3"]);
    assert.doesNotMatch(states.stdout, /Z/);
  });

  it("on SIGTERM, signals every process and waits for those that need time", async () => {
    const save =
      "trap 'sleep 0.3; echo saved > /workspace/saved; exit 0' TERM; " +
      "echo trap is set; while :; do sleep 0.05; done";
    const container = await start({ entrypoint: shell(save) });
    await logs(container, /trap is set/);
    container.terminate();
    assert.equal(await container.exited, 0);
    assert.ok(existsSync(join(container.workspace, "saved")));
  });

  it("N5: closes the sessions of a removed key, and refuses the key", async () => {
    const container = await start();
    const open = openSsh(container, ["-tt", TARGET, "sleep 666"]);
    await has(container, "sleep 666");
    container.authorize("");
    assert.equal(await open.exited, 255);
    await lacks(container, "sleep 666");
    assert.equal((await ssh(container, ["true"])).code, 255);
    assert.match(container.log(), /closing the login from .*: its key was removed/);
  });

  it("runs programs by name and transfers files in an image without a shell", async () => {
    const container = await start({ image: "empty", readOnly: true, runAs: 12345 });
    const version = await ssh(container, [`${PROGRAM} version`]);
    assert.deepEqual(version, { code: 0, stdout: "development\n", stderr: "" });
    const line = await ssh(container, ["echo a | wc -c"]);
    assert.equal(line.code, 127);
    assert.match(line.stderr, /This image has no shell.*\s+The command needs one: it has "\|"/);
    const input = `put ${join(container.folder, "id.pub")} there\nls there\n`;
    const sftp = await runClient("sftp", [...sshOptions(container), "-b", "-", TARGET], { input });
    assert.equal(sftp.code, 0, sftp.stderr);
    assert.ok(existsSync(join(container.workspace, "there")));
  });
});
