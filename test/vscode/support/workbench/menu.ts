import type { Locator, Page } from "playwright-core";
import { waitFor } from "../../../support/waitFor.ts";

/** The open context menu. */
export class Menu {
  readonly #page: Page;
  readonly #items: Locator;

  constructor(page: Page) {
    this.#page = page;
    this.#items = page.locator(".monaco-menu-container .action-menu-item:visible");
  }

  async items(): Promise<string[]> {
    await this.#items.first().waitFor();
    return (await this.#items.locator(".action-label").allInnerTexts()).filter(
      (text) => text.trim() !== "",
    );
  }

  async pick(label: string): Promise<void> {
    const item = this.#items.filter({ has: this.#page.getByText(label, { exact: true }) });
    await item.waitFor();
    // A menu that has just opened ignores clicks, so that the click that opened it picks nothing.
    await waitFor(
      async () => {
        if (await item.isVisible()) await item.click({ timeout: 1_000 });
        return !(await item.isVisible());
      },
      { intervalMs: 100, describe: `the menu to close after a click on "${label}"` },
    );
  }

  async escape(): Promise<void> {
    await this.#page.keyboard.press("Escape");
    await this.#items.first().waitFor({ state: "hidden" });
  }
}
