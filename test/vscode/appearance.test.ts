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
const THEME_NAMES = new Map<Theme, string>([
  ["light", "light"],
  ["dark", "dark"],
  ["highContrast", "high-contrast"],
  ["highContrastLight", "high-contrast-light"],
]);

/**
 * The appearance and the texts of the extension with one reservation of each kind, in every theme
 * and in a narrow side bar.
 */
describe("the appearance of the extension", () => {
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

  it("offers in the palette only the commands that apply, signed out and signed in", async () => {
    await reservations().waitForWelcome("Sign in to reserve");
    assert.deepEqual(await paletteTitles(), titlesFor("signedOut"));
    await reservations().clickWelcome("Sign In");
    await reservations().waitForWelcome("You have no");
    assert.deepEqual(await paletteTitles(), titlesFor("signedIn"));
  });

  it("shows active, queued and ended reservations", async () => {
    await reserveOneOfEachKind(product);
    await reservations().waitForRow(
      ({ label, description }) => label === "train" && description.includes("left"),
      "the active reservation",
    );
    await reservations().waitForRow(({ label }) => label === "evaluate", "the queued reservation");
    await reservations().expand("Ended today");
    await reservations().waitForRow(({ label }) => label === "prepare", "the ended reservation");
    await window.view("Availability").expand("B200");
    const disks = window.view("Disks");
    await disks.expandSection();
    await disks.waitForRow(({ label }) => label === "work", "the disk");
    await window.notifications.clear();
  });

  it("gives every row a readable label for screen readers", async () => {
    for (const title of VIEWS) {
      const rows = await window.view(title).rows();
      assert.ok(rows.length > 0, title);
      for (const { label, ariaLabel } of rows) {
        assert.match(ariaLabel, /^[\p{L}\p{N}][\p{L}\p{N} ,.:;/"'()-]+$/u, label);
        assert.doesNotMatch(ariaLabel, /\$\(|\b[a-z0-9]+x\d/i, label);
      }
    }
  });

  it("counts the active servers in the status bar", async () => {
    const { text, ariaLabel } = await window.statusBar.waitFor("1 GPU server");
    assert.match(text, /^1 GPU server, ends in (2 h|1 h 59 min)$/);
    assert.match(ariaLabel, /^1 GPU server active, ends in (2 h|1 h 59 min)$/);
  });

  for (const [theme, name] of THEME_NAMES) {
    it(`shows uncut labels in the ${name.replaceAll("-", " ")} theme`, async () => {
      await window.setTheme(theme);
      await window.restPointer();
      await window.screenshot(`appearance-${name}`);
      assert.deepEqual(await reservations().cutLabels(), []);
    });
  }

  it("fits in a side bar of 200 pixels without truncated names", async () => {
    await window.setTheme("light");
    await window.resizeSideBar(200);
    const rows = await reservations().rows();
    for (const name of ["train", "evaluate", "prepare"]) {
      assert.ok(
        rows.some(({ label }) => label === name),
        `${name} is in view`,
      );
    }
    await window.screenshot("appearance-narrow");
    for (const title of VIEWS) assert.deepEqual(await window.view(title).cutLabels(), [], title);
    await window.setTheme("highContrast");
    await window.screenshot("appearance-narrow-high-contrast");
    await window.resizeSideBar(300);
  });

  it("works with the keyboard alone", async () => {
    const { page, menu, editors } = window;
    await window.runCommand("GPU Dev Servers: Focus on Reservations View");
    await page.keyboard.press("Home");
    await moveDownTo("train");
    await page.keyboard.press("Shift+F10");
    assert.ok((await menu.items()).includes("Extend..."));
    await window.screenshot("appearance-keyboard-menu");
    await menu.escape();
    await moveDownTo("prepare");
    await page.keyboard.press("Enter");
    await editors.waitForTab("prepare details");
    await editors.webview().getByRole("status").getByText("Ended").waitFor();
    await window.screenshot("appearance-details-ended");
  });

  it("shows the log of a server, its details, and the output of the extension", async () => {
    await reservations().openContextMenu("train");
    await window.menu.pick("Show Logs");
    await window.editors.waitForTab("train.log");
    await waitFor(async () => (await window.editors.text()).includes("SSH server listens"), {
      describe: "the log of train",
    });
    await window.screenshot("appearance-logs");
    await reservations().openContextMenu("evaluate");
    await window.menu.pick("Show Details");
    await window.editors.waitForTab("evaluate details");
    await window.editors.webview().getByText("Needs 8").first().waitFor();
    await window.screenshot("appearance-details-waiting");
    await window.runCommand("GPU Dev: Show Output");
    const output = new OutputPanel(window.page);
    await waitFor(async () => (await output.text()).includes("Signed in as "), {
      describe: "the sign-in in the output",
    });
    await window.screenshot("appearance-output");
  });

  it("creates a problem report that contains no names and no keys", async () => {
    await window.runCommand("GPU Dev: Report a Problem...");
    await waitFor(
      async () => (await window.editors.text()).includes("GPU Dev Servers: problem report"),
      { describe: "the report" },
    );
    await window.screenshot("appearance-report");
    const report = await save();
    assert.ok(
      report.includes(`extension: ${readManifest().version}\n`),
      "includes the version of the extension",
    );
    assert.match(report, /## Generated file .+known_hosts/, "includes SSH files");
    const { username } = userInfo();
    const plain = report.replaceAll("gpu-dev", "");
    assert.doesNotMatch(plain, new RegExp(String.raw`(?<!\p{L})${username}(?!\p{L})`, "u"));
    assert.ok(!report.includes(product.server.home), "no home folder");
    assert.doesNotMatch(report, /gpudev_|PRIVATE KEY|AAAA/);
    const publicKey = await ownPublicKey();
    assert.ok(!report.includes(publicKey), "no public key");
  });

  it("shows the walkthrough with pictures, and ticks what was done elsewhere", async () => {
    await window.runCommand("Welcome: Open Walkthrough...");
    await window.quickInput.pick("Get started with GPU Dev Servers");
    const walkthrough = new Walkthrough(window.page);
    await walkthrough.waitForTitle("Get started with GPU Dev Servers");
    const titles = readManifest().contributes.walkthroughs.flatMap(({ steps }) =>
      steps.map(({ title }) => title),
    );
    assert.equal(titles.length, 4);
    assert.deepEqual(await walkthrough.steps(), titles);
    await waitFor(async () => (await walkthrough.pictures()).length > 0, {
      describe: "the picture of the first step",
    });
    await waitFor(
      async () =>
        (await walkthrough.done()).join() === "Sign in,Reserve a GPU server,Extend or cancel",
      { describe: "the steps that were done elsewhere to be ticked" },
    );
    await window.screenshot("appearance-walkthrough");
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

  /** Saves the active document to the proposed path, and returns the content of the file. */
  async function save(): Promise<string> {
    const { page, quickInput } = window;
    await page.keyboard.press("Control+S");
    // The editor fills in the folder first, and adds the name after it has read the folder.
    await waitFor(async () => (await quickInput.value()).endsWith(".md"), {
      describe: "the save dialog",
    });
    const proposed = await quickInput.value();
    await quickInput.enter();
    // The file replaces the untitled document and takes the focus.
    await window.editors.waitForTab(basename(proposed));
    return readFile(proposed, "utf8");
  }

  /** The second field of the line in the .pub file: the key without its type and comment. */
  async function ownPublicKey(): Promise<string> {
    const dir = join(product.server.home, ".gpu-dev/ssh");
    const names = (await readdir(dir)).filter((name) => name.endsWith(".pub"));
    const [name] = names;
    assert.ok(name, `a public key in ${dir}`);
    const [, key] = (await readFile(join(dir, name), "utf8")).split(" ");
    assert.match(key ?? "", /^AAAA/);
    return key ?? "";
  }

  /**
   * The titles of our commands in the palette, sorted. The palette shows about a dozen entries at a
   * time, so it is read twice.
   */
  async function paletteTitles(): Promise<string[]> {
    const first = await window.findCommands("GPU Dev: ");
    const more = await window.findCommands("GPU Dev: S");
    return [...new Set([...first, ...more])].sort();
  }
});

/**
 * Creates a reservation of all GPUs of a type, a second one that is queued behind it, and one that
 * has ended.
 */
async function reserveOneOfEachKind(product: Product): Promise<void> {
  const client = await product.client();
  const base = { gpuType: "b200", gpus: 8, durationSeconds: 7_200 };
  await client.call("createReservation", { body: { ...base, name: "train", disk: "work" } });
  const ended = await client.call("createReservation", {
    body: { gpuType: "h100", gpus: 1, durationSeconds: 3_600, name: "prepare" },
  });
  await client.call("cancelReservation", { params: { reservationId: ended.id } });
  await waitFor(
    async () => {
      const { items } = await client.call("listReservations", { query: { state: "all" } });
      const prepare = items.find(({ name }) => name === "prepare");
      const train = items.find(({ name }) => name === "train");
      return train?.state === "ready" && prepare !== undefined && !LIVE.includes(prepare.state);
    },
    { timeoutMs: 30_000, describe: "one ready and one ended reservation" },
  );
  await client.call("createReservation", { body: { ...base, name: "evaluate" } });
}
