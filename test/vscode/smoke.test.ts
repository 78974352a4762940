import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { requireTool } from "../support/requireTool.ts";
import { makeTempDir, type TempDir } from "../support/tempDir.ts";
import { waitFor } from "../support/waitFor.ts";
import { requireChromium, startBrowser, type TestBrowser } from "./support/browser.ts";
import { requireEditor } from "./support/installEditor.ts";
import { packSmokeExtension } from "./support/smokeExtension.ts";
import { startVsCode, type VsCodeServer } from "./support/vscodeServer.ts";
import type { Workbench } from "./support/workbench.ts";

/** Checks that the test harness drives a real editor, with a small extension made for the tests. */
describe("VS Code", () => {
  let dir: TempDir;
  let folder: string;
  let server: VsCodeServer;
  let browser: TestBrowser;
  let workbench: Workbench;

  before(async function () {
    const editor = requireEditor(this);
    requireChromium(this);
    requireTool(this, "python3");
    dir = await makeTempDir("vscode");
    folder = join(dir.path, "project");
    await mkdir(folder);
    await writeFile(join(folder, "readme.txt"), "first\n");
    const vsix = await packSmokeExtension(dir.path);
    server = await startVsCode({
      editor,
      dataDir: join(dir.path, "editor"),
      extensions: [vsix],
      settings: { theme: "light" },
    });
    browser = await startBrowser();
    workbench = await browser.open(server.url(folder));
  });

  afterEach(async function () {
    await workbench.screenshotFailure(this);
  });

  after(async () => {
    // If the start failed, some of them do not exist.
    await (browser as TestBrowser | undefined)?.close();
    await (server as VsCodeServer | undefined)?.stop();
    await (dir as TempDir | undefined)?.remove();
  });

  it("has the packaged extension installed, and sends no request to other machines", () => {
    assert.deepEqual(
      server.extensions.map((path) => path.split("/").at(-1)),
      ["gpu-dev-tests.smoke-0.0.1"],
    );
    assert.deepEqual(browser.outgoing(), []);
  });

  it("shows views with rows, icons, actions and a welcome text", async () => {
    await workbench.openContainer("Smoke Box");
    const things = workbench.view("Things");
    await things.expand("Branch");
    await things.waitForRow(({ label }) => label === "Leaf Two", "the second leaf");
    assert.deepEqual(await things.rows(), [
      row({
        label: "Branch",
        description: "2 leaves",
        ariaLabel: "Branch 2 leaves",
        expanded: true,
      }),
      row({ ...LEAF, label: "Leaf One", ariaLabel: "Leaf One, green" }),
      row({ ...LEAF, label: "Leaf Two", ariaLabel: "Leaf Two, green" }),
    ]);
    assert.equal(await things.message(), "As of 10:00");
    assert.deepEqual(await things.titleActions(), ["Ask"]);
    assert.deepEqual(await things.inlineActions("Leaf One"), ["End"]);
    assert.match(await things.tooltip("Leaf Two"), /A leaf of the branch/);
    assert.match(await workbench.view("Empty").welcome(), /Nothing here\./);
    await workbench.screenshot("smoke-views");
  });

  it("runs a command of the palette, shows a quick pick, and notifies", async () => {
    await workbench.runCommand("Smoke: Ask");
    const quick = workbench.quickInput;
    await quick.waitForTitle("Pick one");
    assert.equal(await quick.placeholder(), "Select a number");
    assert.deepEqual(await quick.buttons(), ["Back"]);
    const items = await quick.items();
    assert.deepEqual(
      items.map(({ label, description, detail, separator, buttons }) => ({
        label,
        description,
        detail,
        separator,
        buttons,
      })),
      [
        {
          label: "One",
          description: "small",
          detail: "The first number",
          separator: "Numbers",
          buttons: [],
        },
        { label: "Two", description: "", detail: "", separator: "", buttons: ["About"] },
      ],
    );
    await workbench.screenshot("smoke-quick-pick");
    await quick.pick("Two");
    await quick.waitUntilClosed();
    const note = await workbench.notifications.waitFor("Picked");
    assert.deepEqual(note, { severity: "info", text: "Picked Two.", buttons: ["Again"] });
    await workbench.screenshot("smoke-notification");
    await workbench.notifications.click("Picked Two.", "Again");
    await quick.waitForTitle("Pick one");
    await quick.back();
    await quick.waitUntilClosed();
    await workbench.notifications.clear();
    assert.deepEqual(await workbench.findCommands("Smoke: Nothing of the kind"), []);
  });

  it("opens a context menu and a modal dialog", async () => {
    const things = workbench.view("Things");
    await things.openContextMenu("Leaf Two");
    assert.deepEqual(await workbench.menu.items(), ["Ask", "End"]);
    await workbench.menu.pick("End");
    assert.deepEqual(await workbench.dialog.buttons(), ["Cancel", "End"]);
    assert.equal(await workbench.dialog.message(), "End Leaf Two?");
    assert.equal(await workbench.dialog.detail(), "Its color is kept.");
    await workbench.screenshot("smoke-dialog");
    await workbench.dialog.escape();
    assert.equal((await workbench.notifications.waitFor("Answered")).text, "Answered undefined.");
    await workbench.notifications.clear();
    await things.clickInline("Leaf One", "End");
    await workbench.dialog.click("End");
    const { severity } = await workbench.notifications.waitFor("Answered End.");
    assert.equal(severity, "error");
    await workbench.notifications.clear();
  });

  it("validates the input of an input box, and runs a terminal", async () => {
    await workbench.runCommand("Smoke: Name It");
    const quick = workbench.quickInput;
    await quick.waitForTitle("Name it");
    await quick.type("LOUD");
    await waitFor(async () => (await quick.message()) === "Use lower case.", {
      describe: "the validation message",
    });
    await quick.type("quiet");
    await quick.enter();
    await workbench.terminal.waitForText("\nnamed-quiet");
    await workbench.terminal.type("pwd");
    await workbench.terminal.waitForText(`\n${folder}`);
    await workbench.screenshot("smoke-terminal");
  });

  it("shows an item in the status bar, and runs its command on a click", async () => {
    const item = await workbench.statusBar.waitFor("5 min left");
    assert.equal(item.kind, "warning");
    await workbench.statusBar.click("5 min left");
    await workbench.quickInput.waitForTitle("Pick one");
    await workbench.quickInput.escape();
  });

  it("edits a file of the machine that the server runs on", async () => {
    await workbench.page.keyboard.press("Control+P");
    await workbench.quickInput.type("readme.txt");
    await workbench.quickInput.pick("readme.txt");
    await workbench.editors.waitForTab("readme.txt");
    assert.deepEqual(await workbench.editors.tabs(), ["readme.txt"]);
    await waitFor(async () => (await workbench.editors.text()).startsWith("first"), {
      describe: "the text of the file",
    });
    await workbench.editors.type("zeroth, ");
    await workbench.editors.save();
    assert.match(await readFile(join(folder, "readme.txt"), "utf8"), /zeroth, /);
  });

  it("fits in a side bar of 200 pixels, in high contrast", async () => {
    await workbench.resizeSideBar(200);
    await workbench.openContainer("Smoke Box");
    await workbench.setTheme("highContrast");
    await workbench.screenshot("smoke-narrow-high-contrast");
  });

  it("opens a second window next to the first", async () => {
    const second = await browser.open(server.url(folder));
    await second.openContainer("Smoke Box");
    await second.view("Things").waitForRow(({ label }) => label === "Branch", "the branch");
    await second.close();
  });
});

const LEAF = { description: "green", level: 2, icon: "codicon-server-process" };

function row(fields: object) {
  const plain = { label: "", description: "", ariaLabel: "", level: 1, expanded: null };
  return { ...plain, selected: false, icon: "", ...fields };
}
