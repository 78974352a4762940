import assert from "node:assert/strict";
import type { ApiClient } from "@gpu-dev/client/http/apiClient.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { waitFor } from "../support/waitFor.ts";
import { type Product, startProduct } from "./support/product.ts";
import { readmePicture } from "./support/readmePicture.ts";
import type { Workbench } from "./support/workbench.ts";

const WIDE = { width: 1280, height: 1000 };
/** A label that would run a script if it was inserted as HTML. */
const HOSTILE = '<img src=x onerror="document.title=1">';

/** The details view, in a window with an active and a queued reservation. */
describe("the details view", () => {
  let product: Product;
  let window: Workbench;
  let client: ApiClient;
  let train: ReservationId;
  const reservations = () => window.view("Reservations");
  const page = () => window.editors.webview();
  const text = async (selector: string) =>
    (await page().locator(selector).first().innerText()).trim();

  before(async function () {
    product = await startProduct(this);
    window = await product.openWindow();
    await window.page.setViewportSize(WIDE);
    await window.openContainer("GPU Dev Servers");
    await reservations().clickWelcome("Sign In");
    client = await product.client();
    train = await reserveActiveAndQueued(client);
    await reservations().waitForRow(
      ({ label, description }) => label === "train" && description.includes("left"),
      "the active reservation",
    );
    await window.notifications.clear();
  });

  afterEach(async function () {
    await window.screenshotFailure(this);
  });

  after(async () => {
    await (product as Product | undefined)?.remove();
  });

  it("starts with the state, the end and the actions", async () => {
    await showDetails("train");
    assert.equal(await text("h1"), "train");
    assert.equal(await text("[role=status]"), "Active");
    assert.match(await text(".promise"), /^(2 h|1 h 59 min) left, ends at \d\d:\d\d UTC$/);
    assert.deepEqual(await page().getByRole("button").allInnerTexts(), [
      "Connect",
      "Open Terminal",
      "Copy SSH Command",
      "Extend...",
      "Cancel Reservation...",
      "Show Logs",
      "Show as Text",
    ]);
    await hideHover();
    await window.screenshot("details-active");
    await readmePicture(window, "details");
  });

  it("draws the phases and the timeline with their times", async () => {
    const steps = page().locator(".step");
    assert.deepEqual(await steps.locator(".step-label").allTextContents(), [
      "Queued (done)",
      "Starting (done)",
      "Active (now)",
      "End (upcoming)",
    ]);
    assert.match(await steps.nth(1).innerText(), /took /);
    assert.match(await page().getByRole("img").getAttribute("aria-label").then(String), /lease/);
    const entries = await page().locator(".timeline li").allInnerTexts();
    assert.ok(entries.length >= 3, entries.join("\n"));
    for (const entry of entries) assert.match(entry, /^\d\d:\d\d:\d\d\s/);
  });

  it("shows text of the server as text", async () => {
    await page().locator("summary", { hasText: "More" }).click();
    await waitFor(async () => (await text("[data-key=fact-Labels] dd")) === `note=${HOSTILE}`, {
      describe: "the label",
    });
    assert.equal(await page().locator("main img[src]").count(), 0);
  });

  it("has headings, landmarks and a name for each control", async () => {
    const headings = await page().getByRole("heading").allInnerTexts();
    assert.deepEqual(headings, [
      "train",
      "Phases",
      "Timeline",
      "Server",
      "Lease",
      "Connection",
      "More",
    ]);
    assert.equal(await page().getByRole("main").count(), 1);
    assert.equal(await page().getByRole("region", { name: "Phases" }).count(), 1);
    assert.equal(await page().getByRole("group", { name: "Actions" }).count(), 1);
    assert.deepEqual(await page().locator("main :is([onclick], [style], [src])").count(), 0);
  });

  it("follows a change and keeps the focus, the folds and the position", async () => {
    await page().locator("summary", { hasText: "Lease" }).click();
    const extend = page().getByRole("button", { name: "Extend..." });
    await extend.focus();
    await client.call("extendReservation", {
      params: { reservationId: train },
      body: { seconds: 3_600 },
    });
    await waitFor(async () => /^(3 h|2 h 59 min) left/.test(await text(".promise")), {
      describe: "the new end",
    });
    assert.equal(await extend.evaluate(isFocused), true);
    assert.equal(await isOpen("lease"), false);
    assert.equal(await isOpen("more"), true);
    await window.notifications.clear();
  });

  it("runs the command of a button with the keyboard", async () => {
    await page().getByRole("button", { name: "Extend..." }).press("Enter");
    await window.quickInput.waitForTitle("Extend train");
    await window.quickInput.escape();
  });

  it("shows the same as text, for copying", async () => {
    await page().getByRole("button", { name: "Show as Text" }).click();
    await waitFor(async () => (await window.editors.text()).includes("Timeline, oldest first"), {
      describe: "the plain text",
    });
    await window.editors.openTab("train details");
  });

  it("is restored when the window is reloaded, with its folds", async () => {
    await window.reloadWith("gpuDev.details");
    await window.editors.waitForTab("train details");
    await waitFor(async () => (await text(".promise")).includes("left"), {
      timeoutMs: 60_000,
      describe: "the restored page",
    });
    assert.equal(await isOpen("lease"), false);
    assert.equal(await isOpen("more"), true);
  });

  it("shows why a reservation waits", async () => {
    await showDetails("evaluate");
    assert.match(await text("[role=status]"), /^Queued, 1st in line$/);
    assert.match(await text("[data-key=explanation]"), /Needs 8/);
    await hideHover();
    await window.screenshot("details-queued");
  });

  for (const theme of ["light", "highContrast", "dark"] as const) {
    it(`fits a wide and a narrow window in the ${theme} theme`, async () => {
      await window.setTheme(theme);
      for (const [name, size] of Object.entries({
        wide: WIDE,
        narrow: { width: 760, height: 1000 },
      })) {
        await window.page.setViewportSize(size);
        await showDetails("train");
        await hideHover();
        await window.screenshot(`details-${theme}-${name}`);
        assert.equal(await page().locator("body").evaluate(isCut), false, `${theme}, ${name}`);
      }
      await window.page.setViewportSize(WIDE);
    });
  }

  it("offers to reserve again when the reservation has ended", async () => {
    await client.call("cancelReservation", { params: { reservationId: train } });
    await waitFor(async () => (await text("[role=status]")) === "Ended", {
      timeoutMs: 30_000,
      describe: "the end",
    });
    assert.deepEqual(await page().getByRole("button").allInnerTexts(), [
      "Reserve Again...",
      "Show as Text",
    ]);
    await window.screenshot("details-ended");
  });

  async function hideHover(): Promise<void> {
    await window.restPointer();
    await window.page.locator(".workbench-hover-container").waitFor({ state: "detached" });
  }

  async function showDetails(name: string): Promise<void> {
    await reservations().openContextMenu(name);
    await window.menu.pick("Show Details");
    await window.editors.waitForTab(`${name} details`);
    await waitFor(async () => (await text("h1")) === name, { describe: `the details of ${name}` });
  }

  async function isOpen(key: string): Promise<boolean> {
    const open = await page().locator(`details[data-key=${key}]`).getAttribute("open");
    return open !== null;
  }
});

/** Runs in the page. */
function isFocused(element: { matches(selector: string): boolean }): boolean {
  return element.matches(":focus");
}

/** Whether the content is wider than its window. */
function isCut(body: { readonly scrollWidth: number; readonly clientWidth: number }): boolean {
  return body.scrollWidth > body.clientWidth;
}

/** All GPUs of a type, and a second reservation that is queued behind it. */
async function reserveActiveAndQueued(client: ApiClient): Promise<ReservationId> {
  const body = { gpuType: "b200", gpus: 8, durationSeconds: 7_200 };
  const { id } = await client.call("createReservation", {
    body: { ...body, name: "train", disk: "work", labels: { note: HOSTILE } },
  });
  const params = { reservationId: id };
  await waitFor(async () => (await client.call("getReservation", { params })).state === "ready", {
    timeoutMs: 30_000,
    describe: "the active reservation",
  });
  await client.call("createReservation", { body: { ...body, name: "evaluate" } });
  return id;
}
