import type { Page } from "playwright-core";

/** The Output panel. */
export class OutputPanel {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async isOpen(): Promise<boolean> {
    return this.#page.locator(".panel .output-view").isVisible();
  }

  /** The visible lines of the selected channel. */
  async text(): Promise<string> {
    const lines = this.#page.locator(".panel .output-view .view-line");
    return (await lines.allInnerTexts()).join("\n").replaceAll("\u00a0", " ");
  }
}
