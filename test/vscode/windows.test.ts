import assert from "node:assert/strict";
import { waitFor } from "../support/waitFor.ts";
import { type Product, startProduct } from "./support/product.ts";
import type { Workbench } from "./support/workbench.ts";

const SIGNED_OUT = "Sign in to reserve";
const EMPTY = "You have no reservations.";

/**
 * Several windows of one editor. In a browser a window reads the secret storage once, when it
 * opens; on the desktop it receives changes, which test/integration/extension/account.test.ts
 * covers with a storage that reports them.
 */
describe("two windows of one editor", () => {
  let product: Product;
  let first: Workbench;
  let second: Workbench;

  before(async function () {
    product = await startProduct(this);
    first = await open();
  });

  afterEach(async function () {
    await (first as Workbench | undefined)?.screenshotFailure(this);
  });

  after(async () => {
    await (product as Product | undefined)?.remove();
  });

  it("stays signed in after a reload, and a second window needs no sign-in", async () => {
    await welcome(first, SIGNED_OUT);
    await first.view("Reservations").clickWelcome("Sign In");
    await welcome(first, EMPTY);
    await first.reload();
    await first.openContainer("GPU Dev Servers");
    await welcome(first, EMPTY);
    second = await open();
    await welcome(second, EMPTY);
  });

  it("shows in both what was reserved in one, and notifies once that it is ready", async () => {
    await first.runCommand("GPU Dev: Reserve a GPU Server...");
    const { quickInput } = first;
    for (const choice of ["T4", "1 GPU", "1 hour", "No disk"]) await pick(first, choice);
    await waitFor(async () => (await quickInput.placeholder()).startsWith("Name"), {
      describe: "the last step",
    });
    await quickInput.type("shared");
    await quickInput.enter();
    for (const window of [first, second]) {
      await window
        .view("Reservations")
        .waitForRow(
          ({ label, description }) => label === "shared" && description.includes("left"),
          "the reservation, ready",
        );
    }
    await waitFor(async () => (await readyNotifications()).length > 0, {
      describe: "a window to notify",
    });
    assert.equal((await readyNotifications()).length, 1);
    await second.screenshot("windows-second");
  });

  it("ends for both when it is cancelled in one", async () => {
    await second.view("Reservations").openContextMenu("shared");
    await second.menu.pick("Cancel Reservation...");
    await second.dialog.click("Cancel Reservation");
    for (const window of [first, second]) {
      await window
        .view("Reservations")
        .waitForRow(({ label }) => label === "Ended today", "the ended ones");
    }
    // By now the slower window has received every event, too.
    assert.equal((await readyNotifications()).length, 1);
  });

  it("N7: after a sign-out in one, the other follows when it is reloaded, and no data of the account remains", async () => {
    await second.runCommand("GPU Dev: Sign Out");
    await welcome(second, SIGNED_OUT);
    assert.deepEqual(await second.view("Reservations").rows(), []);
    await first.reload();
    await first.openContainer("GPU Dev Servers");
    await welcome(first, SIGNED_OUT);
    assert.deepEqual(await first.view("Reservations").rows(), []);
  });

  async function open(): Promise<Workbench> {
    const window = await product.openWindow();
    await window.openContainer("GPU Dev Servers");
    return window;
  }

  async function welcome(window: Workbench, text: string): Promise<void> {
    await window.view("Reservations").waitForWelcome(text);
  }

  async function pick(window: Workbench, start: string): Promise<void> {
    const label = await waitFor(
      async () =>
        (await window.quickInput.items()).find((item) => item.label.startsWith(start))?.label,
      { describe: `the choice "${start}"` },
    );
    await window.quickInput.pick(label);
  }

  /** The notifications of both windows, from the notification center, which keeps them. */
  async function readyNotifications() {
    const all = [...(await first.notifications.all()), ...(await second.notifications.all())];
    return all.filter(({ text }) => text.includes("shared is ready"));
  }
});
