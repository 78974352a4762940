import type { FrameLocator, Page } from "playwright-core";
import type { ShownElement } from "./shownElement.ts";

/** The editor area. */
export class Editors {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** The titles of the open tabs, from the left. */
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

  /** The visible lines of the active text editor; lines that are scrolled away are not included. */
  async text(): Promise<string> {
    const lines = this.#page.locator(".editor-group-container.active .view-lines .view-line");
    return lines.evaluateAll(readLines);
  }

  /** Types at the caret of the active text editor as a user does: the editor may close brackets. */
  async type(text: string): Promise<void> {
    await this.#page.locator(".editor-group-container.active .view-lines").first().click();
    await this.#page.keyboard.type(text);
    await this.#page.locator(".tabs-container .tab.active.dirty").waitFor();
  }

  /** The content of a webview panel. */
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

/** The elements are in no particular order; the position of each line is in its style. */
function readLines(lines: ShownElement[]): string {
  const top = (line: ShownElement) =>
    Number(/top:\s*(-?[\d.]+)px/.exec(line.getAttribute("style") ?? "")?.[1] ?? 0);
  return [...lines]
    .sort((a, b) => top(a) - top(b))
    .map((line) => (line.textContent ?? "").replaceAll("\u00a0", " "))
    .join("\n");
}

/** The extension of a file is in an element next to the one with its name. */
function readTitles(tabs: ShownElement[]): string[] {
  const parts = ".monaco-icon-name-container, .monaco-icon-suffix-container";
  return tabs.map((tab) =>
    [...tab.querySelectorAll(parts)].map((part) => part.textContent ?? "").join(""),
  );
}
