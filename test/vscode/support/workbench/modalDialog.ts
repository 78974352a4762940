import type { Locator, Page } from "playwright-core";

/** A dialog that blocks the window until the user responds. */
export class ModalDialog {
  readonly #page: Page;
  readonly #box: Locator;

  constructor(page: Page) {
    this.#page = page;
    this.#box = page.locator(".monaco-dialog-box");
  }

  async isOpen(): Promise<boolean> {
    return this.#box.isVisible();
  }

  async message(): Promise<string> {
    return (await this.#box.locator(".dialog-message-text").innerText()).trim();
  }

  async detail(): Promise<string> {
    return (await this.#box.locator(".dialog-message-detail").innerText()).trim();
  }

  async buttons(): Promise<string[]> {
    await this.#box.waitFor();
    return this.#box.locator(".dialog-buttons .monaco-text-button").allInnerTexts();
  }

  async click(button: string): Promise<void> {
    const buttons = this.#box.locator(".dialog-buttons");
    await buttons.getByRole("button", { name: button, exact: true }).click();
    await this.#box.waitFor({ state: "hidden" });
  }

  /** Escape has the effect of the Cancel button. */
  async escape(): Promise<void> {
    await this.#page.keyboard.press("Escape");
    await this.#box.waitFor({ state: "hidden" });
  }
}
