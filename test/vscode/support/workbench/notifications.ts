import type { Locator, Page } from "playwright-core";
import { waitFor } from "../../../support/waitFor.ts";
import type { ShownElement } from "./shownElement.ts";

export interface Notification {
  readonly severity: "error" | "warning" | "info";
  readonly text: string;
  readonly buttons: readonly string[];
}

/** The bell shows a dot before the toast appears. */
const TOAST_GRACE_MS = 1_500;

/** Toasts, and the list behind the bell, into which a toast moves after some seconds. */
export class Notifications {
  readonly #page: Page;
  readonly #rows: Locator;

  constructor(page: Page) {
    this.#page = page;
    this.#rows = page.locator(
      ".notifications-toasts .notification-list-item:visible, .notifications-center.visible .notification-list-item",
    );
  }

  /** The notifications that are visible now. */
  async shown(): Promise<Notification[]> {
    return this.#rows.evaluateAll(readNotifications);
  }

  /** Opens the list behind the bell, and returns all notifications in it. */
  async all(): Promise<Notification[]> {
    await this.#openList();
    return this.shown();
  }

  /**
   * Resolves with the first notification that contains the text; if its toast has disappeared, it
   * is read from the list.
   */
  async waitFor(text: string, timeoutMs = 30_000): Promise<Notification> {
    let lastShown = performance.now();
    return waitFor(
      async () => {
        const all = await this.shown();
        if (all.length > 0 || !(await this.#hasUnread())) lastShown = performance.now();
        else if (performance.now() - lastShown > TOAST_GRACE_MS) await this.#openList();
        return all.find((notification) => notification.text.includes(text));
      },
      { timeoutMs, intervalMs: 50, describe: `a notification that contains "${text}"` },
    );
  }

  async click(text: string, button: string): Promise<void> {
    await this.waitFor(text);
    const row = this.#rows.filter({ hasText: text }).first();
    // A list item shows its buttons only while it is in focus.
    await row.click({ position: { x: 4, y: 4 } });
    await row.getByRole("button", { name: button, exact: true }).click();
  }

  async clear(): Promise<void> {
    await this.#openList();
    const list = this.#page.locator(".notifications-center.visible");
    const clearAll = list.getByRole("button", { name: "Clear All Notifications" });
    // If the list is empty, the button is disabled.
    if (await clearAll.isEnabled()) await clearAll.click();
    else await list.locator(".codicon-notifications-hide").click();
    await list.waitFor({ state: "hidden" });
    await waitFor(async () => (await this.shown()).length === 0, {
      describe: "notifications to be cleared",
    });
  }

  async #openList(): Promise<void> {
    const list = this.#page.locator(".notifications-center.visible");
    if (await list.isVisible()) return;
    await this.#bell().click();
    await list.waitFor();
  }

  async #hasUnread(): Promise<boolean> {
    return (await this.#bell().locator(".codicon-bell-dot").count()) > 0;
  }

  #bell(): Locator {
    return this.#page.locator(String.raw`#status\.notifications .statusbar-item-label`);
  }
}

function readNotifications(rows: ShownElement[]): Notification[] {
  return rows.map((row) => {
    const icon = row.querySelector(".notification-list-item-icon")?.className ?? "";
    return {
      severity: icon.includes("codicon-error")
        ? "error"
        : icon.includes("codicon-warning")
          ? "warning"
          : "info",
      text: row.querySelector(".notification-list-item-message")?.textContent?.trim() ?? "",
      buttons: [
        ...row.querySelectorAll(".notification-list-item-buttons-container .monaco-text-button"),
      ].map((button) => button.textContent ?? ""),
    };
  });
}
