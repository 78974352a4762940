import assert from "node:assert/strict";
import { waitFor } from "../support/waitFor.ts";
import { type Product, startProduct } from "./support/product.ts";
import type { Workbench } from "./support/workbench.ts";

const SIGNED_OUT = "Sign in to reserve";
const EMPTY = "You have no reservations.";

/**
 * Several windows of one editor. In a browser, a window reads the secret storage only when it
 * opens. On the desktop, it is notified of changes: test/integration/extension/account.test.ts
 * covers this with a storage that reports them.
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

  it("keep the sign-in after a reload and in a second window", async () => {
    await welcome(first, SIGNED_OUT);
    await first.view("Reservations").clickWelcome("Sign In");
    await welcome(first, EMPTY);
    await first.reload();
    await first.openContainer("GPU Dev Servers");
    await welcome(first, EMPTY);
    second = await open();
    await welcome(second, EMPTY);
  });

  it("both show a reservation made in one of them, and only one notifies when it is ready", async () => {
    await first.runCommand("GPU Dev: Reserve a GPU Server...");
    const { quickInput } = first;
    for (const choice of ["T4", "1 GPU", "1 hour", "No disk"]) await pick(first, choice);
    await waitFor(async () => (await quickInput.placeholder()).startsWith("Name"), {
      describe: "the step for the name",
    });
    await quickInput.type("shared");
    await quickInput.enter();
    for (const window of [first, second]) {
      await window
        .view("Reservations")
        .waitForRow(
          ({ label, description }) => label === "shared" && description.includes("left"),
          "the ready reservation",
        );
    }
    await waitFor(async () => (await readyNotifications()).length > 0, {
      describe: "a window to notify",
    });
    assert.equal((await readyNotifications()).length, 1);
    await second.screenshot("windows-second");
  });

  it("both show a reservation as ended when it is cancelled in one of them", async () => {
    await second.view("Reservations").openContextMenu("shared");
    await second.menu.pick("Cancel Reservation...");
    await second.dialog.click("Cancel Reservation");
    for (const window of [first, second]) {
      await window
        .view("Reservations")
        .waitForRow(({ label }) => label === "Ended today", "the ended reservations");
    }
    // By now the slower window has also received every event.
    assert.equal((await readyNotifications()).length, 1);
  });

  it("N7: after a sign-out in one of them, the other is signed out on reload, and no data of the account remains", async () => {
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

  /** The ready notifications of both windows, from the notification center, which keeps them. */
  async function readyNotifications() {
    const all = [...(await first.notifications.all()), ...(await second.notifications.all())];
    return all.filter(({ text }) => text.includes("shared is ready"));
  }
});
