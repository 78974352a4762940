import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "../../support/waitFor.ts";
import {
  openProgram,
  openSsh,
  openTerminal,
  ssh,
  sshOptions,
  TARGET,
  runClient,
} from "../../support/sshClient.ts";
import { startContainer, type Container, requireContainers } from "./container.ts";

describe("programs over SSH, from start to end", function () {
  this.timeout(60_000);
  let container: Container;

  before(async function () {
    this.timeout(1_000_000);
    requireContainers(this, "debootstrap");
    container = await startContainer({ image: "debian", readOnly: true, runAs: 12345 });
  });
  after(() => container.stop());

  const runs = (commandLine: string) => container.processes().includes(commandLine);
  const ends = (commandLine: string) =>
    waitFor(() => !runs(commandLine), { describe: `the end of ${commandLine}` });

  it("closes a terminal when its shell ends, despite background jobs", async () => {
    const terminal = openTerminal(container);
    await terminal.shows(/demo.*\$ /);
    terminal.type("sleep 777 & exit 3\r");
    assert.equal(await settledSoon(terminal.exited), 3);
    assert.ok(runs("sleep 777"));
    container.kill("sleep 777");
  });

  it("closes a terminal when its command ends (-t), despite background jobs", async () => {
    const command = "set -m; tty; nohup sleep 778 > /dev/null & exit 0";
    const result = await ssh(container, ["-tt", command]);
    assert.equal(result.code, 0, result.stderr);
    assert.match(result.stdout, /^\/dev\/pts\/\d+\r\n/);
    assert.ok(runs("sleep 778"));
    container.kill("sleep 778");
  });

  it("U10: ends a program when the client stops reading its output", async () => {
    const line = ["ssh", ...sshOptions(container), TARGET, "yes"].join(" ");
    const result = await runClient("bash", ["-c", `${line} | head -1`], { timeoutMs: 20_000 });
    assert.deepEqual(result, { code: 0, stdout: "y\n", stderr: "" });
    await ends("yes");
  });

  it("U10: ends a program on a terminal when the client stops reading", async () => {
    const line = ["ssh", ...sshOptions(container), "-tt", TARGET, "yes"].join(" ");
    const result = await runClient("bash", ["-c", `${line} | head -1`], { timeoutMs: 20_000 });
    assert.equal(result.code, 0, result.stderr);
    await ends("yes");
  });

  it("carries many sessions over one connection", async () => {
    const path = join(container.folder, "master");
    const logins = () => container.log().split(/^gpu-dev-sshd: login from /m).length;
    const before = logins();
    const master = openSsh(container, ["-M", "-N", "-S", path, TARGET]);
    await waitFor(() => existsSync(path), { describe: "the master's socket" });
    const runSession = async (number: number) => {
      const session = ["-S", path, `cat; echo ${String(number)}; exit ${String(number)}`];
      const { code, stdout } = await ssh(container, session, { input: `to ${String(number)} ` });
      assert.deepEqual([code, stdout], [number, `to ${String(number)} ${String(number)}\n`]);
    };
    // sshd allows ten sessions per connection; this server has no limit.
    await Promise.all(Array.from({ length: 24 }, (_, number) => runSession(number)));
    await master.close();
    assert.equal(logins(), before + 1);
  });

  it("forwards the client's agent, also in an image with a read-only root", async () => {
    const path = join(container.folder, "agent");
    const agent = openProgram("ssh-agent", ["-D", "-a", path]);
    try {
      await waitFor(() => existsSync(path), { describe: "the agent" });
      const env = { SSH_AUTH_SOCK: path };
      const added = await runClient("ssh-add", ["-q", container.key], { env });
      assert.equal(added.code, 0, added.stderr);
      const args = [...sshOptions(container), "-A", TARGET, 'ssh-add -L; echo "$SSH_AUTH_SOCK"'];
      const listed = await runClient("ssh", args, { env });
      assert.match(listed.stdout, /^ssh-ed25519 \S+ \S+\n\/dev\/shm\/\S+\n$/);
      const without = await ssh(container, ['ssh-add -L; echo "$SSH_AUTH_SOCK"']);
      assert.match(without.stderr, /Could not open a connection to your authentication agent/);
      const left = await ssh(container, ["ls -A /dev/shm"]);
      assert.equal(left.stdout, "", "the agent's socket outlives its client");
    } finally {
      await agent.close();
    }
  });
});

/** Reports a session that never ends as such, not as a test that exceeds its time limit. */
async function settledSoon<T>(promise: Promise<T>): Promise<T | undefined> {
  let value: { settled: T } | undefined;
  void promise.then((settled) => (value = { settled }));
  await waitFor(() => value !== undefined, { describe: "the end of the session" });
  return value?.settled;
}
