import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../support/freePort.ts";
import { requireTool } from "../../support/requireTool.ts";
import { waitFor } from "../../support/waitFor.ts";
import {
  fetchFrom,
  fetchThroughSocks,
  openSsh,
  openTerminal,
  ssh,
  sshOptions,
  TARGET,
  runClient,
} from "../../support/sshClient.ts";
import {
  startContainer,
  type Container,
  type ContainerOptions,
  requireContainers,
} from "./container.ts";
import { startWeb, type Web } from "../../support/webServer.ts";

const IMAGES: Record<string, ContainerOptions & { shell: string }> = {
  "Debian without an SSH server, as root": { image: "debian", shell: "/bin/bash" },
  "Debian with a read-only root": { image: "debian", readOnly: true, shell: "/bin/bash" },
  "Debian as a user without an account": {
    image: "debian",
    runAs: 12345,
    shell: "/bin/bash",
  },
  "an image without glibc, bash and accounts": { image: "busybox", shell: "/bin/ash" },
  "the same with a read-only root, as a user without an account": {
    image: "busybox",
    readOnly: true,
    runAs: 12345,
    shell: "/bin/ash",
  },
};

for (const [name, options] of Object.entries(IMAGES)) {
  describe(`SSH into ${name}`, function () {
    this.timeout(60_000);
    let container: Container;
    let web: Web;

    before(async function () {
      this.timeout(1_000_000);
      requireContainers(this, options.image === "debian" ? "debootstrap" : "busybox");
      container = await startContainer(options);
      web = await startWeb(container.workspace);
    });

    after(async () => {
      await web.stop();
      await container.stop();
    });

    it("runs a command in the workspace, with separate output, errors and exit code", async () => {
      const result = await ssh(container, ['pwd; echo "$HOME"; id -u; echo wrong >&2; exit 7']);
      const stdout = `/workspace\n/home/dev\n${String(options.runAs ?? 0)}\n`;
      assert.deepEqual(result, { code: 7, stdout, stderr: "wrong\n" });
    });

    if (options.readOnly === true) {
      it("has a read-only root in this fixture", async () => {
        const touched = await ssh(container, [
          "! touch /x && ! touch /tmp/x && touch /workspace/x",
        ]);
        assert.equal(touched.code, 0, touched.stderr);
      });
    }

    it("reports the end by a signal, and passes binary data", async () => {
      const killed = await ssh(container, ["kill -TERM $$"]);
      assert.equal(killed.code, 255);
      const echoed = await ssh(container, ["wc -c; head -c 3000000 /dev/zero"], {
        input: "x".repeat(3_000_000),
      });
      assert.equal(echoed.stdout.length, "3000000\n".length + 3_000_000);
    });

    it("keeps the image's environment in commands and login shells, and adds its own", async () => {
      const command = 'echo "$PATH $OF_THE_IMAGE $CUDA_VISIBLE_DEVICES $SHELL $LC_ALL/$LD_PRELOAD"';
      const env = ["-o", "SetEnv LC_ALL=C.UTF-8 LD_PRELOAD=/none"];
      const direct = await ssh(container, [...env, command]);
      const [path = "", ...others] = direct.stdout.trim().split(" ");
      assert.match(path, /^\/opt\/tools\/bin:/);
      assert.deepEqual(others, ["yes", "0,1", options.shell, "C.UTF-8/"]);
      const login = await ssh(container, [`${options.shell} -lc 'echo "$PATH"'`]);
      assert.match(login.stdout, /(^|:)\/opt\/tools\/bin:/);
    });

    it("provides a terminal with the client's size, keys and exit code", async () => {
      const terminal = openTerminal(container, { columns: 101, rows: 33 });
      await terminal.shows(
        /demo: 2 GPUs\. Your files: \/workspace\r\nThe lease ends at 2030-01-01 00:00 UTC/,
      );
      terminal.type("stty size; echo $TERM $0 at $(tty)\r");
      await terminal.shows(/33 101\r\n/);
      const shell = options.shell.replace("/bin/", "");
      await terminal.shows(new RegExp(`xterm-256color -${shell} at /dev/pts/\\d+\r\n`));
      terminal.resize(77, 22);
      terminal.type("sleep 100\r");
      const sleeping = () => container.processes().includes("sleep 100");
      await until(sleeping);
      terminal.type("\u0003");
      await until(() => !sleeping());
      terminal.type("stty size; exit 3\r");
      await terminal.shows(/22 77\r\n/);
      assert.equal(await terminal.exited, 3);
    });

    it("hangs up the terminal of a disconnected client, and keeps detached processes", async () => {
      const terminal = openTerminal(container);
      terminal.type("setsid sleep 1234 & sleep 4321\r");
      const running = (seconds: number) =>
        container.processes().includes(`sleep ${String(seconds)}`);
      await until(() => running(1234) && running(4321));
      terminal.hangUp();
      await until(() => !running(4321));
      assert.ok(running(1234));
      container.kill("sleep 1234");
    });

    it("forwards with -L to a port, a name and a socket, and with -D through SOCKS", async () => {
      const [toPort, toSocket] = [await freePort(), await freePort()];
      const [toName, socks] = [await freePort(), await freePort()];
      const client = openSsh(container, [
        "-N",
        "-D",
        String(socks),
        "-L",
        `${String(toPort)}:127.0.0.1:${String(web.port)}`,
        "-L",
        `${String(toSocket)}:/workspace/web.sock`,
        "-L",
        `${String(toName)}:localhost:${String(web.port)}`,
        TARGET,
      ]);
      assert.equal(await fetchFrom(toPort), "from the port");
      assert.equal(await fetchFrom(toName), "from the port");
      assert.equal(await fetchFrom(toSocket), "from the socket");
      assert.match(await fetchThroughSocks(socks, web.port), /from the port$/);
      await client.close();
    });

    it("forwards back with -R from a port, a chosen port and a socket, and cleans up", async () => {
      const port = await freePort();
      const socket = "/workspace/back.sock";
      const client = openSsh(container, [
        "-v",
        "-N",
        "-R",
        `${String(port)}:127.0.0.1:${String(web.port)}`,
        "-R",
        `${socket}:${join(container.workspace, "web.sock")}`,
        "-R",
        `0:127.0.0.1:${String(web.port)}`,
        TARGET,
      ]);
      assert.equal(await fetchFrom(port), "from the port");
      const chosen = await waitFor(
        () => /Allocated port (\d+) for remote forward/.exec(client.output())?.[1],
        { describe: "the port that the server chose" },
      );
      assert.equal(await fetchFrom(Number(chosen)), "from the port");
      await until(() => existsSync(join(container.workspace, "back.sock")));
      await client.close();
      await until(() => !existsSync(join(container.workspace, "back.sock")));
    });

    it("transfers files and modes with sftp and scp, without a program of the image", async function () {
      requireTool(this, "sftp", "scp");
      const file = join(container.folder, "random");
      writeFileSync(file, randomBytes(3_000_000));
      chmodSync(file, 0o750);
      const up = await runClient("scp", ["-p", ...sshOptions(container), file, `${TARGET}:a`]);
      assert.equal(up.code, 0, up.stderr);
      const batch = `mkdir d\nrename a d/b\nsymlink b d/c\nput ${file} d/e\nls -1 d\nget d/c ${file}.back\n`;
      const args = [...sshOptions(container), "-b", "-", TARGET];
      const sftp = await runClient("sftp", args, { input: batch });
      assert.equal(sftp.code, 0, sftp.stderr);
      assert.match(sftp.stdout, /d\/b\s+d\/c\s+d\/e/);
      assert.ok(readFileSync(file).equals(readFileSync(`${file}.back`)));
      const { mode, uid } = statSync(join(container.workspace, "d/b"));
      assert.deepEqual([mode & 0o777, uid], [0o750, options.runAs ?? 0]);
      const removed = await ssh(container, ["rm -r d"]);
      assert.equal(removed.code, 0, removed.stderr);
    });

    if (options.image === "debian") {
      it("receives files with rsync, which the image has", async function () {
        requireTool(this, "rsync");
        writeFileSync(join(container.folder, "one"), "one\n");
        const shell = ["ssh", ...sshOptions(container)].join(" ");
        const args = ["-a", "--no-owner", "--no-group", "-e", shell];
        const sent = await runClient("rsync", [
          ...args,
          join(container.folder, "one"),
          `${TARGET}:two`,
        ]);
        assert.equal(sent.code, 0, sent.stderr);
        assert.equal(readFileSync(join(container.workspace, "two"), "utf8"), "one\n");
      });

      it("starts an editor's server as VS Code does: a script for bash and a SOCKS proxy", async () => {
        const socks = await freePort();
        const script = `echo "script in $PWD of $HOME"
mkdir -p ~/.vscode-server && cd ~/.vscode-server
nohup sh -c 'echo up > started; exec sleep 777' > log 2>&1 < /dev/null &
while [ ! -e started ]; do sleep 0.05; done
while [ ! -e /workspace/stop ]; do sleep 0.05; done
exit 5
`;
        const session = ssh(container, ["-T", "-D", String(socks), "bash -s"], { input: script });
        assert.match(await fetchThroughSocks(socks, web.port), /from the port$/);
        writeFileSync(join(container.workspace, "stop"), "");
        assert.deepEqual(await session, {
          code: 5,
          stdout: "script in /workspace of /home/dev\n",
          stderr: "",
        });
        assert.ok(container.processes().includes("sleep 777"), "the server ended with its session");
        assert.ok(existsSync(join(container.workspace, ".home/.vscode-server/started")));
        container.kill("sleep 777");
      });
    }
  });
}

async function until(condition: () => boolean): Promise<void> {
  await waitFor(condition, { describe: String(condition) });
}
