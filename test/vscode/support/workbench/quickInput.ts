import type { Locator, Page } from "playwright-core";
import { waitFor } from "../../../support/waitFor.ts";
import { actionNamed, ariaLabels, plainNames, quote } from "./actionName.ts";
import type { ShownElement } from "./shownElement.ts";

export interface QuickItem {
  readonly label: string;
  readonly description: string;
  readonly detail: string;
  /** The text for screen readers. */
  readonly ariaLabel: string;
  /** The line above the item that names its group. */
  readonly separator: string;
  readonly buttons: readonly string[];
  /** Null if the list has no checkboxes. */
  readonly picked: boolean | null;
}

/** The input widget at the top of the window: quick picks, input boxes, the palette. */
export class QuickInput {
  readonly #page: Page;
  readonly #widget: Locator;
  readonly #box: Locator;

  constructor(page: Page) {
    this.#page = page;
    this.#widget = page.locator(".quick-input-widget:visible");
    this.#box = this.#widget.locator(".quick-input-box input");
  }

  async isOpen(): Promise<boolean> {
    return this.#widget.isVisible();
  }

  async title(): Promise<string> {
    return this.#text(".quick-input-title");
  }

  /** Resolves when the step with this title is shown. Each step replaces the previous one. */
  async waitForTitle(title: string): Promise<void> {
    await waitFor(async () => (await this.title()) === title, {
      timeoutMs: 30_000,
      describe: `the step "${title}"`,
    });
  }

  async waitUntilClosed(): Promise<void> {
    await this.#widget.waitFor({ state: "hidden" });
  }

  async placeholder(): Promise<string> {
    return (await this.#box.getAttribute("placeholder")) ?? "";
  }

  async value(): Promise<string> {
    return this.#box.inputValue();
  }

  /** The line under the box: a prompt or a validation message. */
  async message(): Promise<string> {
    return this.#text(".quick-input-message");
  }

  async isBusy(): Promise<boolean> {
    return this.#widget.locator(".quick-input-progress.active").isVisible();
  }

  /** The visible rows; a long list has more. */
  async items(): Promise<QuickItem[]> {
    return this.#widget.locator(".quick-input-list .monaco-list-row").evaluateAll(readRows);
  }

  /** Clicks the item. If it is not visible, its label is typed first to filter the list. */
  async pick(label: string): Promise<void> {
    const row = this.#row(label);
    await waitFor(async () => (await this.items()).length > 0, { describe: "items to pick from" });
    if ((await row.count()) === 0) await this.type(label);
    await row.click();
  }

  async clickItemButton(label: string, button: string): Promise<void> {
    const row = this.#row(label);
    await row.hover();
    await row.getByRole("button", { name: actionNamed(button) }).click();
  }

  /** Replaces the text in the box. */
  async type(text: string, { timeoutMs = 30_000 } = {}): Promise<void> {
    await this.#box.fill(text, { timeout: timeoutMs });
  }

  async enter(): Promise<void> {
    await this.#box.press("Enter");
  }

  async escape(): Promise<void> {
    await this.#page.keyboard.press("Escape");
    await this.waitUntilClosed();
  }

  /** The names of the buttons in the title line, including Back. */
  async buttons(): Promise<string[]> {
    const all = this.#widget.locator(".quick-input-titlebar .action-label");
    return plainNames(await all.evaluateAll(ariaLabels));
  }

  async clickButton(name: string): Promise<void> {
    const bar = this.#widget.locator(".quick-input-titlebar");
    await bar.getByRole("button", { name: actionNamed(name) }).click();
  }

  async back(): Promise<void> {
    await this.#widget.locator(".quick-input-left-action-bar .action-label").first().click();
  }

  #row(label: string): Locator {
    const rows = this.#widget.locator(".quick-input-list .monaco-list-row");
    const name = this.#page.locator(".quick-input-list-label .label-name", {
      hasText: new RegExp(`^\\s*${quote(label)}\\s*$`),
    });
    return rows.filter({ has: name }).first();
  }

  async #text(selector: string): Promise<string> {
    const found = this.#widget.locator(selector);
    return (await found.count()) === 0 ? "" : (await found.first().innerText()).trim();
  }
}

/** Runs in the page, in one call, because rows may change between two calls. */
function readRows(rows: ShownElement[]): QuickItem[] {
  // The editor reuses rows: the parts that a row no longer needs are still in it, hidden.
  const text = (row: ShownElement, selector: string) => {
    const found = row.querySelector(selector);
    return found?.checkVisibility() ? (found.textContent?.trim() ?? "") : "";
  };
  return rows.map((row) => {
    const box = row.querySelector('[role="checkbox"], .quick-input-list-checkbox[aria-checked]');
    return {
      label: text(row, ".quick-input-list-label .label-name"),
      description: text(row, ".quick-input-list-label .label-description"),
      detail: text(row, ".quick-input-list-label-meta"),
      ariaLabel: row.getAttribute("aria-label") ?? "",
      separator: text(row, ".quick-input-list-separator"),
      buttons: [...row.querySelectorAll(".quick-input-list-entry-action-bar .action-label")].map(
        (button) => button.getAttribute("aria-label") ?? "",
      ),
      picked: box === null ? null : box.getAttribute("aria-checked") === "true",
    };
  });
}
