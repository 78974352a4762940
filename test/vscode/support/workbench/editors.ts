import type { FrameLocator, Page } from "playwright-core";
import type { ShownElement } from "./shownElement.ts";

/** The editor area. */
export class Editors {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Titles of the open tabs, from the left. */
  async tabs(): Promise<string[]> {
    return this.#page.locator(".tabs-container .tab").evaluateAll(readTitles);
  }

  async waitForTab(title: string): Promise<void> {
    await this.#tab(title).waitFor();
  }

  async openTab(title: string): Promise<void> {
    await this.#tab(title).click();
    await this.#page.locator(".tabs-container .tab.active", { hasText: title }).waitFor();
  }

  /** The lines in view of the active text editor; what is scrolled away is not there to be read. */
  async text(): Promise<string> {
    const lines = this.#page.locator(".editor-group-container.active .view-lines .view-line");
    return lines.evaluateAll(readLines);
  }

  /**
   * Types at the caret of the active text editor, like a user, so that brackets may close by
   * themselves.
   */
  async type(text: string): Promise<void> {
    await this.#page.locator(".editor-group-container.active .view-lines").first().click();
    await this.#page.keyboard.type(text);
    await this.#page.locator(".tabs-container .tab.active.dirty").waitFor();
  }

  /** What a panel made of HTML holds. */
  webview(): FrameLocator {
    return this.#page.frameLocator("iframe.webview.ready").frameLocator("#active-frame");
  }

  async save(): Promise<void> {
    await this.#page.keyboard.press("Control+S");
    await this.#page.locator(".tabs-container .tab.active:not(.dirty)").waitFor();
  }

  #tab(title: string) {
    return this.#page.locator(".tabs-container .tab", { hasText: title }).first();
  }
}

/** The elements are in drawing order; each line's position on the screen is in its style. */
function readLines(lines: ShownElement[]): string {
  const top = (line: ShownElement) =>
    Number(/top:\s*(-?[\d.]+)px/.exec(line.getAttribute("style") ?? "")?.[1] ?? 0);
  return [...lines]
    .sort((a, b) => top(a) - top(b))
    .map((line) => (line.textContent ?? "").replaceAll("\u00a0", " "))
    .join("\n");
}

/** An ending is written apart from its name. */
function readTitles(tabs: ShownElement[]): string[] {
  const parts = ".monaco-icon-name-container, .monaco-icon-suffix-container";
  return tabs.map((tab) =>
    [...tab.querySelectorAll(parts)].map((part) => part.textContent ?? "").join(""),
  );
}
