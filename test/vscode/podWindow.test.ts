import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chown, cp, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../support/freePort.ts";
import { requireTool } from "../support/requireTool.ts";
import { waitFor } from "../support/waitFor.ts";
import { makeUser, type User } from "../support/user.ts";
import { startWholeSystem, type WholeSystem } from "../support/wholeSystem.ts";
import { requireChromium, startBrowser, type TestBrowser } from "./support/browser.ts";
import { packExtension } from "./support/packExtension.ts";
import { type Editor, requireEditor } from "./support/installEditor.ts";
import { type Launch, startVsCode, type VsCodeServer } from "./support/vscodeServer.ts";
import type { Workbench } from "./support/workbench.ts";

const HOST = "gpu-dev-demo";

/**
 * What Remote-SSH does with a host of the generated SSH configuration, done with the real `ssh` and
 * VS Code's own server.
 */
describe("a window inside the pod, opened as Remote-SSH opens it", () => {
  let system: WholeSystem;
  let ada: User;
  let server: VsCodeServer;
  let browser: TestBrowser;
  let workbench: Workbench;

  before(async function () {
    const editor = requireEditor(this);
    requireChromium(this);
    requireTool(this, "ssh", "ssh-keygen", "python3");
    system = await startWholeSystem();
    ada = await makeUser(system.url);
    await ada.gpuDevDone("setup", "--yes", "--as", "ada");
    await ada.gpuDevDone(
      "reserve",
      "--gpu-type",
      "h100",
      "--gpus",
      "2",
      "--hours",
      "1",
      "--disk",
      "work",
      "--name",
      "demo",
    );
    const socks = await freePort();
    const inPod = await installInPod(editor);
    server = await startVsCode({
      ...inPod,
      launch: throughSsh(ada, socks),
      settings: { values: { "gpuDev.server": system.url } },
    });
    browser = await startBrowser({ proxy: `socks5://127.0.0.1:${String(socks)}` });
    workbench = await browser.open(server.url("/workspace"));
  });

  /**
   * What Remote-SSH does before the first window: the editor and the extension come into the home
   * folder of the pod, which is a folder of the disk. The development secret is added: in a desktop
   * the extension runs on the user's machine, which has it, and the pod does not.
   */
  async function installInPod(editor: Editor) {
    const [disk = ""] = await readdir(join(system.folder.path, "dev-cluster/volumes"));
    const home = join(system.folder.path, "dev-cluster/volumes", disk, ".home");
    const dataDir = join(home, "editor");
    await mkdir(dataDir);
    await cp(join(editor.serverMain, "../.."), join(home, "vscode"), { recursive: true });
    await cp(await packExtension(), join(home, "gpu-dev.vsix"));
    const secret = await readFile(join(system.folder.path, "development-secret"), "utf8");
    const owner = await ada.ssh(
      HOST,
      `umask 077; mkdir -p ${system.folder.path}; printf %s '${secret.trim()}' > ${system.folder.path}/development-secret; id -u; id -g`,
    );
    const [uid = 0, gid = 0] = owner.stdout.trim().split("\n").map(Number);
    return {
      editor: { node: editor.node, serverMain: "/home/dev/vscode/out/server-main.js" },
      dataDir,
      serverDataDir: "/home/dev/editor",
      extensions: ["/home/dev/gpu-dev.vsix"],
      onPrepared: async () => {
        for (const name of ["", ...(await readdir(dataDir, { recursive: true }))]) {
          await chown(join(dataDir, name), uid, gid);
        }
      },
    };
  }

  afterEach(async function () {
    await workbench.screenshotFailure(this);
  });

  after(async () => {
    await (browser as TestBrowser | undefined)?.close();
    await (server as VsCodeServer | undefined)?.stop();
    await (ada as User | undefined)?.remove();
    await (system as WholeSystem | undefined)?.remove();
  });

  it("runs in the pod, and its terminal shows the GPUs of the reservation", async () => {
    await workbench.runCommand("Terminal: Create New Terminal");
    await workbench.terminal.type("nvidia-smi -L; pwd; hostname");
    await workbench.terminal.waitForText("GPU 1: ");
    await workbench.terminal.waitForText("/workspace");
    await workbench.screenshot("pod-terminal");
  });

  it("shows the remaining time in the status bar after the user signs in", async () => {
    await workbench.runCommand("GPU Dev: Sign In as Another User...");
    await workbench.quickInput.type("ada");
    await workbench.quickInput.enter();
    const { text, ariaLabel } = await workbench.statusBar.waitFor("demo ");
    assert.match(text, /^demo (1 h|59 min)$/);
    assert.match(ariaLabel, /^demo: .* left, ends at /);
    await workbench.screenshot("pod-countdown");
    await workbench.statusBar.click("demo ");
    await workbench.quickInput.waitForTitle("Extend demo");
    await workbench.quickInput.escape();
  });

  it("saves files to the disk, which keeps them for the next reservation", async () => {
    await ada.ssh(HOST, "printf 'epochs = 1\\n' > /workspace/train.py");
    await workbench.page.keyboard.press("Control+P");
    await workbench.quickInput.type("train.py");
    await workbench.quickInput.pick("train.py");
    await workbench.editors.waitForTab("train.py");
    await waitFor(async () => (await workbench.editors.text()).startsWith("epochs"), {
      describe: "the text of the file",
    });
    await workbench.page.keyboard.press("Control+Home");
    await workbench.page.keyboard.type("# edited in the editor\n");
    await workbench.editors.save();
    await workbench.screenshot("pod-editor");
    const { stdout } = await ada.ssh(HOST, "cat /workspace/train.py");
    assert.equal(stdout, "# edited in the editor\nepochs = 1\n");

    await ada.gpuDevDone("cancel", "demo", "--yes");
    await ada.gpuDevDone(
      "reserve",
      "--gpu-type",
      "t4",
      "--hours",
      "1",
      "--disk",
      "work",
      "--name",
      "next",
    );
    const again = await ada.ssh("gpu-dev-next", "cat /workspace/train.py");
    assert.equal(again.stdout, stdout);
  });
});

/**
 * Runs `ssh -T -D PORT host bash` with a script on its standard input: one connection starts the
 * server and carries the window's traffic. The server's installer, which runs first, has no window
 * and needs no forwarding.
 */
function throughSsh(user: User, socks: number): Launch {
  return (command, args, env) => {
    const forward = args.includes("--install-extension")
      ? []
      : ["-D", `127.0.0.1:${String(socks)}`];
    const child = spawn("ssh", ["-F", user.sshConfig, "-T", ...forward, HOST, "bash"], {
      stdio: "pipe",
      env: { ...process.env, HOME: user.home },
    });
    // HOME and PATH of the editor must not replace those of the pod.
    const passed = Object.entries(env).filter(([key]) => !["PATH", "HOME"].includes(key));
    const words = [...passed.map(([key, value]) => `${key}=${value}`), command, ...args];
    child.stdin.end(`exec env ${words.map(quoted).join(" ")}\n`);
    return child;
  };
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
