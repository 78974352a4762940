import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { basename, join } from "node:path";
import { LIVE } from "@gpu-dev/shared/states.ts";
import { waitFor } from "../support/waitFor.ts";
import type { Theme } from "./support/editorSettings.ts";
import { readManifest, titlesFor } from "./support/manifest.ts";
import { type Product, startProduct } from "./support/product.ts";
import { OutputPanel } from "./support/workbench/outputPanel.ts";
import { Walkthrough } from "./support/workbench/walkthrough.ts";
import type { Workbench } from "./support/workbench.ts";

const VIEWS = ["Reservations", "Availability", "Disks"];
const NAMED = new Map<Theme, string>([
  ["light", "light"],
  ["dark", "dark"],
  ["highContrast", "high-contrast"],
  ["highContrastLight", "high-contrast-light"],
]);

/** How everything looks and reads, with one reservation of each kind, in every theme and in a narrow side bar. */
describe("the looks of the extension", () => {
  let product: Product;
  let window: Workbench;
  const reservations = () => window.view("Reservations");

  before(async function () {
    product = await startProduct(this);
    window = await product.openWindow();
    await window.openContainer("GPU Dev Servers");
  });

  afterEach(async function () {
    await window.screenshotFailure(this);
  });

  after(async () => {
    await (product as Product | undefined)?.remove();
  });

  it("offers in the palette what can be done now: little while signed out", async () => {
    await reservations().waitForWelcome("Sign in to reserve");
    assert.deepEqual(await offered(), titlesFor("signedOut"));
    await reservations().clickWelcome("Sign In");
    await reservations().waitForWelcome("You have no");
    assert.deepEqual(await offered(), titlesFor("signedIn"));
  });

  it("shows what is active, what waits and what ended", async () => {
    await reserveOneOfEachKind(product);
    await reservations().waitForRow(
      ({ label, description }) => label === "train" && description.includes("left"),
      "the active one",
    );
    await reservations().waitForRow(({ label }) => label === "evaluate", "the one that waits");
    await reservations().expand("Ended today");
    await reservations().waitForRow(({ label }) => label === "prepare", "the one that ended");
    await window.view("Availability").expand("B200");
    const disks = window.view("Disks");
    await disks.unfold();
    await disks.waitForRow(({ label }) => label === "work", "the disk");
    await window.notifications.clear();
  });

  it("has something to say for every row to a screen reader, in words", async () => {
    for (const title of VIEWS) {
      const rows = await window.view(title).rows();
      assert.ok(rows.length > 0, title);
      for (const { label, ariaLabel } of rows) {
        assert.match(ariaLabel, /^[\p{L}\p{N}][\p{L}\p{N} ,.:;/"'()-]+$/u, label);
        assert.doesNotMatch(ariaLabel, /\$\(|\b[a-z0-9]+x\d/i, label);
      }
    }
  });

  it("counts the active ones in the status bar", async () => {
    const { text, ariaLabel } = await window.statusBar.waitFor("1 GPU server");
    assert.match(text, /^1 GPU server, ends in (2 h|1 h 59 min)$/);
    assert.match(ariaLabel, /^1 GPU server active, ends in (2 h|1 h 59 min)$/);
  });

  for (const [theme, name] of NAMED) {
    it(`is drawn in ${name.replaceAll("-", " ")}`, async () => {
      await window.setTheme(theme);
      await window.restPointer();
      await window.screenshot(`looks-${name}`);
      assert.deepEqual(await reservations().cutLabels(), []);
    });
  }

  it("fits a side bar of 200 pixels: no name is cut", async () => {
    await window.setTheme("light");
    await window.resizeSideBar(200);
    const rows = await reservations().rows();
    for (const name of ["train", "evaluate", "prepare"]) {
      assert.ok(
        rows.some(({ label }) => label === name),
        `${name} is in view`,
      );
    }
    await window.screenshot("looks-narrow");
    for (const title of VIEWS) assert.deepEqual(await window.view(title).cutLabels(), [], title);
    await window.setTheme("highContrast");
    await window.screenshot("looks-narrow-high-contrast");
    await window.resizeSideBar(300);
  });

  it("is used by the keyboard alone", async () => {
    const { page, menu, editors } = window;
    await window.runCommand("GPU Dev Servers: Focus on Reservations View");
    await page.keyboard.press("Home");
    await moveDownTo("train");
    await page.keyboard.press("Shift+F10");
    assert.ok((await menu.items()).includes("Extend..."));
    await window.screenshot("looks-keyboard-menu");
    await menu.escape();
    await moveDownTo("prepare");
    await page.keyboard.press("Enter");
    await editors.waitForTab("prepare details");
    await waitFor(async () => (await editors.text()).includes("Cancelled"), {
      describe: "how it ended",
    });
    await window.screenshot("looks-details-ended");
  });

  it("shows the log of a server, its details, and what the extension itself wrote", async () => {
    await reservations().openContextMenu("train");
    await window.menu.pick("Show Logs");
    await window.editors.waitForTab("train.log");
    await waitFor(async () => (await window.editors.text()).includes("SSH server listens"), {
      describe: "the log of train",
    });
    await window.screenshot("looks-logs");
    await reservations().openContextMenu("evaluate");
    await window.menu.pick("Show Details");
    await window.editors.waitForTab("evaluate details");
    await waitFor(async () => (await window.editors.text()).includes("Needs 8"), {
      describe: "why evaluate waits",
    });
    await window.screenshot("looks-details-waiting");
    await window.runCommand("GPU Dev: Show Output");
    const output = new OutputPanel(window.page);
    await waitFor(async () => (await output.text()).includes("Signed in as "), {
      describe: "who signed in, in our own output",
    });
    await window.screenshot("looks-output");
  });

  it("makes a report of a problem that names nobody and holds no key", async () => {
    await window.runCommand("GPU Dev: Report a Problem...");
    await waitFor(
      async () => (await window.editors.text()).includes("GPU Dev Servers: problem report"),
      { describe: "the report" },
    );
    await window.screenshot("looks-report");
    const report = await save();
    assert.ok(report.includes(`extension: ${readManifest().version}\n`), "names our version");
    assert.match(report, /## Generated file .+known_hosts/, "is about ssh, too");
    const { username } = userInfo();
    const plain = report.replaceAll("gpu-dev", "");
    assert.doesNotMatch(plain, new RegExp(String.raw`(?<!\p{L})${username}(?!\p{L})`, "u"));
    assert.ok(!report.includes(product.server.home), "no home folder");
    assert.doesNotMatch(report, /gpudev_|PRIVATE KEY|AAAA/);
    const publicKey = await ownPublicKey();
    assert.ok(!report.includes(publicKey), "no public key");
  });

  it("shows the first steps with it", async () => {
    await window.runCommand("Welcome: Open Walkthrough...");
    await window.quickInput.pick("Get started with GPU Dev Servers");
    const walkthrough = new Walkthrough(window.page);
    await walkthrough.waitForTitle("Get started with GPU Dev Servers");
    const titles = readManifest().contributes.walkthroughs.flatMap(({ steps }) =>
      steps.map(({ title }) => title),
    );
    assert.equal(titles.length, 4);
    assert.deepEqual(await walkthrough.steps(), titles);
    await window.screenshot("looks-walkthrough");
  });

  async function moveDownTo(label: string): Promise<void> {
    await waitFor(
      async () => {
        if ((await reservations().focusedLabel()) === label) return true;
        await window.page.keyboard.press("ArrowDown");
        return false;
      },
      { intervalMs: 100, describe: `the keyboard to be on ${label}` },
    );
  }

  /** Saves the document on show where the editor proposes to, and resolves with what the file holds. */
  async function save(): Promise<string> {
    const { page, quickInput } = window;
    await page.keyboard.press("Control+S");
    // The folder is filled in first, and the name once the folder was read.
    await waitFor(async () => (await quickInput.value()).endsWith(".md"), {
      describe: "the question where to save it",
    });
    const proposed = await quickInput.value();
    await quickInput.enter();
    // The file takes the place of what had no name yet, and the focus with it.
    await window.editors.waitForTab(basename(proposed));
    return await readFile(proposed, "utf8");
  }

  /** The middle part of the line: the key itself. */
  async function ownPublicKey(): Promise<string> {
    const dir = join(product.server.home, ".gpu-dev/ssh");
    const names = (await readdir(dir)).filter((name) => name.endsWith(".pub"));
    const [name] = names;
    assert.ok(name, `a public key in ${dir}`);
    const [, key] = (await readFile(join(dir, name), "utf8")).split(" ");
    assert.match(key ?? "", /^AAAA/);
    return key ?? "";
  }

  /** Titles that the palette offers, in the order of the alphabet. Its list shows a dozen at once. */
  async function offered(): Promise<string[]> {
    const first = await window.findCommands("GPU Dev: ");
    const more = await window.findCommands("GPU Dev: S");
    return [...new Set([...first, ...more])].sort();
  }
});

/** All GPUs of a type, the same again, which has to wait, and one that is over. */
async function reserveOneOfEachKind(product: Product): Promise<void> {
  const client = await product.client();
  const base = { gpuType: "b200", gpus: 8, durationSeconds: 7_200 };
  await client.call("createReservation", { body: { ...base, name: "train", disk: "work" } });
  const over = await client.call("createReservation", {
    body: { gpuType: "h100", gpus: 1, durationSeconds: 3_600, name: "prepare" },
  });
  await client.call("cancelReservation", { params: { reservationId: over.id } });
  await waitFor(
    async () => {
      const { items } = await client.call("listReservations", { query: { state: "all" } });
      const prepare = items.find(({ name }) => name === "prepare");
      const train = items.find(({ name }) => name === "train");
      return train?.state === "ready" && prepare !== undefined && !LIVE.includes(prepare.state);
    },
    { timeoutMs: 30_000, describe: "one to be ready and one to be over" },
  );
  await client.call("createReservation", { body: { ...base, name: "evaluate" } });
}
