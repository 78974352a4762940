import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { openTerminal, ssh, sshOptions, TARGET, runClient } from "../../support/sshClient.ts";
import {
  startContainer,
  type Container,
  type ContainerOptions,
  requireContainers,
} from "./container.ts";
import { imageFolder } from "./images.ts";

describe("shells, homes and disks in any image", function () {
  this.timeout(60_000);
  const containers: Container[] = [];

  before(async function () {
    this.timeout(1_000_000);
    requireContainers(this, "debootstrap", "busybox", "musl-gcc", "readelf");
    for (const kind of ["debian", "busybox", "musl"] as const) await imageFolder(kind);
  });
  afterEach(async () => {
    for (const container of containers.splice(0)) await container.stop();
  });

  async function start(options: ContainerOptions): Promise<Container> {
    const container = await startContainer(options);
    containers.push(container);
    return container;
  }
  const account = (home: string, shell: string) =>
    `echo 'ada:x:12345:12345::${home}:${shell}' >> etc/passwd`;

  it("runs programs linked against musl, in the image's own shell", async () => {
    const container = await start({ image: "musl" });
    const direct = await ssh(container, ["maps"]);
    assert.match(direct.stdout, /\/lib\/ld-musl-\S+\.so\.1/);
    assert.doesNotMatch(direct.stdout, /\/libc\.so\.6|ld-linux/);
    assert.equal((await ssh(container, ["sh -c false"])).code, 1);
    const terminal = openTerminal(container);
    await terminal.shows(/-musl-shell\$ /);
    terminal.type("maps\r");
    await terminal.shows(/ld-musl/);
    terminal.type("exit 3\r");
    assert.equal(await terminal.exited, 3);
  });

  it("uses the account's shell with its startup files", async () => {
    const finish = account("/home/ada", "/usr/bin/zsh");
    const container = await start({ image: "debian", runAs: 12345, finish });
    const result = await ssh(container, ['echo "$ZSH_NAME $USER $SHELL $HOME"']);
    assert.equal(result.stdout, "zsh ada /usr/bin/zsh /home/dev\n");
    const terminal = openTerminal(container);
    await terminal.shows(/demo.*:.*\/workspace.*% /);
    terminal.type("echo $path[1] $0\r");
    await terminal.shows(/\/opt\/tools\/bin -zsh\r\n/);
    terminal.type("exit 4\r");
    assert.equal(await terminal.exited, 4);
  });

  it("prefers the image's SHELL, and ignores an account's nologin", async () => {
    const finish = account("/home/ada", "/usr/sbin/nologin");
    const image = { image: "debian", runAs: 12345, finish } as const;
    const dash = await start({ ...image, environment: { SHELL: "/bin/dash" } });
    assert.equal((await ssh(dash, ["echo $0 $SHELL"])).stdout, "/bin/dash /bin/dash\n");
    const none = await start(image);
    assert.equal((await ssh(none, ["echo $0"])).stdout, "/bin/bash\n");
  });

  it("uses the account's home if the workspace's home is read-only", async () => {
    const finish = `${account("/home/ada", "/bin/bash")}
mkdir home/ada && chown 12345 home/ada
chmod 0755 home/dev && chown 0:0 home/dev`;
    const container = await start({ image: "debian", runAs: 12345, finish });
    const result = await ssh(container, ["echo $HOME; pwd; touch ~/file"]);
    assert.deepEqual(result, { code: 0, stdout: "/home/ada\n/workspace\n", stderr: "" });
    assert.ok(!existsSync(join(container.workspace, ".home/.bashrc")));
  });

  it("lets an image of another user change a disk that a root image filled", async () => {
    const first = await start({ image: "debian" });
    const fill = "mkdir -p d ~/.vscode-server/bin && echo one > d/file && echo ok > ~/.ssh/config";
    assert.deepEqual(await ssh(first, [fill]), { code: 0, stdout: "", stderr: "" });
    const second = await start({ image: "busybox", runAs: 12345, disk: first.workspace });
    const use =
      "echo two >> d/file && touch d/new ~/.vscode-server/bin/new ~/.bashrc && cat d/file";
    assert.deepEqual(await ssh(second, [use]), { code: 0, stdout: "one\ntwo\n", stderr: "" });
    // OpenSSH's client refuses ~/.ssh unless it is private to its owner.
    assert.equal(statSync(join(first.workspace, ".home/.ssh/config")).mode & 0o777, 0o600);
    assert.equal(statSync(join(first.workspace, ".home/.ssh")).mode & 0o077, 0);
  });

  it("resolves file names against the workspace, as commands do, and expands ~", async () => {
    const container = await start({ image: "busybox" });
    const file = join(container.folder, "id.pub");
    for (const name of ["plain", "~/tilde", "/home/dev/full"]) {
      const sent = await runClient("scp", [...sshOptions(container), file, `${TARGET}:${name}`]);
      assert.equal(sent.code, 0, sent.stderr);
    }
    const found = ["plain", "tilde", ".home/full"].map((name) => join(container.workspace, name));
    assert.deepEqual(found.map(existsSync), [true, true, true]);
  });
});
