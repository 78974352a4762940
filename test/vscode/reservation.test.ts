import assert from "node:assert/strict";
import { waitFor } from "../support/waitFor.ts";
import { type Product, startProduct } from "./support/product.ts";
import { readmePicture, walkthroughPicture } from "./support/readmePicture.ts";
import type { Workbench } from "./support/workbench.ts";

const CONTAINER = "GPU Dev Servers";
const TITLE = "Reserve a GPU server";
/** The parts of the window that the walkthrough shows. */
const SIDE_BAR = { x: 0, y: 30, width: 350, height: 300 };
const QUICK_INPUT = { x: 340, y: 30, width: 604, height: 390 };

/** The life of a reservation in the editor, click by click, on the system that `npm start` runs. */
describe("a reservation in the editor", function () {
  // test/cluster runs this file too, with a shorter default timeout.
  this.timeout(120_000);
  let product: Product;
  let window: Workbench;
  const reservations = () => window.view("Reservations");

  before(async function () {
    product = await startProduct(this);
    window = await product.openWindow();
    await window.openContainer(CONTAINER);
  });

  afterEach(async function () {
    await window.screenshotFailure(this);
  });

  after(async () => {
    await (product as Product | undefined)?.remove();
  });

  it("asks the user to sign in, and then shows the free GPUs automatically", async () => {
    await reservations().waitForWelcome("Sign in to reserve");
    await window.screenshot("01-signed-out");
    await walkthroughPicture(window, "signIn", SIDE_BAR);
    await reservations().clickWelcome("Sign In");
    const h100 = await window
      .view("Availability")
      .waitForRow(({ label }) => label === "H100", "the H100 row");
    assert.equal(h100.description, "16 of 16 free");
    assert.match(await reservations().welcome(), /You have no reservations\./);
    await window.screenshot("02-signed-in");
    assert.deepEqual(product.browser.outgoing(), []);
  });

  it("shows free GPUs per type, size and node", async () => {
    const availability = window.view("Availability");
    await availability.expand("H100");
    await availability.waitForRow(
      ({ label }) => label === "Starts now",
      "the sizes that start now",
    );
    const node = await availability.waitForRow(({ label }) => label === "h100-1", "a node");
    assert.equal(node.description, "■■■■■■■■ 8 of 8 free");
    await window.screenshot("03-availability");
    await readmePicture(window, "availability");
  });

  it("N10: Reserve reserves nothing if it is closed at any step", async () => {
    for (const steps of [0, 1, 2, 3]) {
      await window.runCommand("GPU Dev: Reserve a GPU Server...");
      await waitForWizard();
      for (let step = 0; step < steps; step += 1) await pickFirst(step);
      await window.quickInput.escape();
      await window.quickInput.waitUntilClosed();
    }
    const all = (await listAll(product)).items;
    assert.deepEqual(all, []);
    assert.match(await reservations().welcome(), /You have no reservations\./);
  });

  it("reserves step by step, with steps back, and shows when the server is ready", async () => {
    const { quickInput } = window;
    await reservations().clickTitleAction("Reserve a GPU Server...");
    await waitForWizard();
    await window.screenshot("04-reserve-type");
    await readmePicture(window, "reserve");
    await walkthroughPicture(window, "reserve", QUICK_INPUT);
    await quickInput.pick("H100");
    await waitForPlaceholder(/number of GPUs/);
    await window.screenshot("05-reserve-gpus");
    await quickInput.back();
    await waitForPlaceholder(/Select a type/);
    await quickInput.pick("H100");
    await waitForPlaceholder(/number of GPUs/);
    await quickInput.pick("2 GPUs");
    await waitForPlaceholder(/Select a duration/);
    await window.screenshot("06-reserve-duration");
    await quickInput.pick("2 hours");
    await waitForPlaceholder(/Select a disk/);
    await quickInput.pick("New disk...");
    await waitFor(async () => (await quickInput.message()).includes("name for the new disk"), {
      describe: "the step for the name of the new disk",
    });
    await quickInput.type("Not A Name");
    await waitFor(async () => (await quickInput.message()).includes("lower"), {
      describe: "the problem with that name",
    });
    await quickInput.type("work");
    await quickInput.enter();
    await waitForPlaceholder(/leave empty/);
    await quickInput.type("demo");
    await window.screenshot("07-reserve-name");
    await quickInput.enter();
    const note = await window.notifications.waitFor("demo is ready", 60_000);
    assert.deepEqual(note.buttons, ["Connect", "Open Terminal"]);
    const row = await reservations().waitForRow(({ label }) => label === "demo", "the row of demo");
    assert.match(row.description, /^(2 h|1 h 59 min) left, 2 x H100$/);
    await window.screenshot("08-ready");
    await readmePicture(window, "ready");
    await walkthroughPicture(window, "connect", SIDE_BAR);
    await window.notifications.clear();
  });

  it("opens a terminal on the server, which shows its GPUs", async () => {
    await reservations().clickInline("demo", "Open Terminal");
    await window.terminal.waitForText("demo:/workspace");
    await window.terminal.type("nvidia-smi -L; pwd");
    await window.terminal.waitForText("GPU 1: ");
    await window.screenshot("09-terminal");
    await readmePicture(window, "terminal");
    // The typed text does not contain the expected text: only the shell and the program print it.
    await window.terminal.type('echo "folder <$PWD>"');
    await window.terminal.waitForText("folder </workspace>");
    await window.terminal.type("echo 'print(\"trained\", 6 * 7)' > train.py; python3 train.py");
    await window.terminal.waitForText("trained 42");
    await window.terminal.type("exit");
  });

  it("offers a terminal on Connect in a browser, where Remote-SSH is not available", async () => {
    await reservations().clickInline("demo", "Connect");
    const note = await window.notifications.waitFor("Remote");
    assert.ok(note.buttons.includes("Open Terminal"), JSON.stringify(note));
    await window.screenshot("10-connect-in-a-browser");
    await window.notifications.clear();
  });

  it("copies the SSH command for other terminals", async () => {
    await reservations().openContextMenu("demo");
    const items = await window.menu.items();
    for (const item of ["Connect", "Extend...", "Cancel Reservation...", "Show Details"]) {
      assert.ok(items.includes(item), item);
    }
    await window.screenshot("11-context-menu");
    await window.menu.pick("Copy SSH Command");
    await window.statusBar.waitFor("Copied: ssh ");
  });

  it("extends the reservation, and the row shows the new remaining time", async () => {
    await reservations().clickInline("demo", "Extend...");
    await window.quickInput.waitForTitle("Extend demo");
    await window.screenshot("12-extend");
    await walkthroughPicture(window, "end", { ...QUICK_INPUT, height: 240 });
    await window.quickInput.pick("By 1 hour");
    await reservations().waitForRow(
      ({ label, description }) => label === "demo" && /^(3 h|2 h 59 min) left/.test(description),
      "three hours left",
    );
    await window.notifications.clear();
  });

  it("shows the details of the reservation", async () => {
    await reservations().openContextMenu("demo");
    await window.menu.pick("Show Details");
    const details = window.editors.webview();
    await details.getByRole("heading", { name: "demo", level: 1 }).waitFor();
    await details.getByRole("status").getByText("Active").waitFor();
    await window.screenshot("13-details");
  });

  it("N11: keeps the last data with its age while the server is unavailable, and recovers automatically", async () => {
    await product.system.stop();
    await waitFor(
      async () => (await reservations().message()).startsWith("Server not responding"),
      {
        timeoutMs: 30_000,
        describe: "the age of the shown data",
      },
    );
    assert.ok(await reservations().row("demo"), "the row is kept");
    await window.screenshot("14-server-unavailable");
    await product.system.start();
    await waitFor(async () => (await reservations().message()) === "", {
      timeoutMs: 60_000,
      describe: "the server to respond again, without a click",
    });
    await reservations().waitForRow(
      ({ label, description }) => label === "demo" && description.includes("left"),
      "the same reservation, ready again",
    );
  });

  it("asks before it cancels, names what happens to the disk, and keeps the reservation on Keep Reservation", async () => {
    await reservations().openContextMenu("demo");
    await window.menu.pick("Cancel Reservation...");
    assert.equal(await window.dialog.message(), "Cancel demo?");
    assert.match(await window.dialog.detail(), /Its disk work is kept, with all files\./);
    await window.screenshot("15-cancel-question");
    assert.deepEqual(await window.dialog.buttons(), ["Keep Reservation", "Cancel Reservation"]);
    await window.dialog.click("Keep Reservation");
    assert.ok(await reservations().row("demo"));
  });

  it("cancels the reservation, keeps the disk, and shows why the reservation ended", async () => {
    await reservations().openContextMenu("demo");
    await window.menu.pick("Cancel Reservation...");
    await window.dialog.click("Cancel Reservation");
    await reservations().waitForRow(
      ({ label }) => label === "Ended today",
      "the ended reservations",
    );
    await reservations().expand("Ended today");
    const ended = await reservations().waitForRow(
      ({ label }) => label === "demo",
      "the row of demo",
    );
    assert.match(ended.description, /cancelled/);
    const disks = window.view("Disks");
    await disks.expandSection();
    const disk = await disks.waitForRow(({ label }) => label === "work", "the disk");
    assert.match(disk.description, /100 GiB/);
    await window.screenshot("16-ended");
  });

  async function pickFirst(step: number): Promise<void> {
    const before = await window.quickInput.placeholder();
    const [first] = await window.quickInput.items();
    assert.ok(first, `step ${String(step)} has an item to pick`);
    await window.quickInput.pick(first.label);
    await waitFor(async () => (await window.quickInput.placeholder()) !== before, {
      describe: `the step after ${before}`,
    });
  }

  /** The title ends with the step: "Reserve a GPU server (1/5)". */
  async function waitForWizard(): Promise<void> {
    await waitFor(async () => (await window.quickInput.title()).startsWith(TITLE), {
      describe: `the wizard "${TITLE}"`,
    });
  }

  async function waitForPlaceholder(pattern: RegExp): Promise<void> {
    await waitFor(async () => pattern.test(await window.quickInput.placeholder()), {
      describe: `the step ${String(pattern)}`,
    });
  }
});

async function listAll(product: Product) {
  return (await product.client()).call("listReservations", { query: { state: "all" } });
}
