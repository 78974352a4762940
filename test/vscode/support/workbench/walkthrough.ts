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

  /** The titles of the ticked steps. */
  async done(): Promise<string[]> {
    const done = this.#page.locator(".getting-started-step", {
      has: this.#page.locator(".complete"),
    });
    const titles = await done.locator(".step-title").allInnerTexts();
    return titles.map((title) => title.trim());
  }

  /** The names of the pictures of the selected step that were loaded. */
  async pictures(): Promise<string[]> {
    const frame = this.#page.frameLocator("iframe.webview.ready").frameLocator("#active-frame");
    return frame.locator("img").evaluateAll(loadedPictures);
  }

  /** The titles of the steps, from the top. */
  async steps(): Promise<string[]> {
    const titles = await this.#page.locator(".getting-started-step .step-title").allInnerTexts();
    return titles.map((title) => title.trim());
  }
}

function loadedPictures(
  images: readonly { readonly src: string; readonly naturalWidth: number }[],
): string[] {
  return images
    .filter(({ naturalWidth }) => naturalWidth > 0)
    .map(({ src }) => src.replace(/^.*[/]/, ""));
}
