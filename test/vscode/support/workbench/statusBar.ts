import type { Locator, Page } from "playwright-core";
import { waitFor } from "../../../support/waitFor.ts";
import type { ShownElement } from "./shownElement.ts";

export interface StatusItem {
  /** Contains the id of the extension that owns the item. */
  readonly id: string;
  readonly text: string;
  /** The text for screen readers. */
  readonly ariaLabel: string;
  readonly kind: "error" | "warning" | "prominent" | "standard";
}

export class StatusBar {
  readonly #items: Locator;

  constructor(page: Page) {
    this.#items = page.locator(".statusbar .statusbar-item:visible");
  }

  async items(): Promise<StatusItem[]> {
    return this.#items.evaluateAll(readItems);
  }

  /** Resolves with the first item that contains the text. */
  async waitFor(text: string): Promise<StatusItem> {
    return waitFor(async () => (await this.items()).find((item) => item.text.includes(text)), {
      timeoutMs: 30_000,
      describe: `"${text}" in the status bar`,
    });
  }

  async click(text: string): Promise<void> {
    await this.#items.filter({ hasText: text }).first().locator("a").first().click();
  }
}

function readItems(items: ShownElement[]): StatusItem[] {
  return items.map((item) => ({
    id: item.id,
    text: item.textContent?.trim() ?? "",
    ariaLabel:
      item.getAttribute("aria-label") ??
      item.querySelector("[aria-label]")?.getAttribute("aria-label") ??
      "",
    kind: item.matches(".error-kind")
      ? "error"
      : item.matches(".warning-kind")
        ? "warning"
        : item.matches(".prominent-kind")
          ? "prominent"
          : "standard",
  }));
}
