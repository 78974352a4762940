import type { Page } from "playwright-core";

/** The page that shows the walkthrough of an extension. */
export class Walkthrough {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async waitForTitle(title: string): Promise<void> {
    const heading = this.#page.locator(".gettingStartedSlideDetails .category-title");
    await heading.getByText(title, { exact: true }).waitFor();
  }

  /** The titles of the steps, from the top. */
  async steps(): Promise<string[]> {
    const titles = await this.#page.locator(".getting-started-step .step-title").allInnerTexts();
    return titles.map((title) => title.trim());
  }
}
