import type { Page } from "playwright-core";
import { waitFor } from "../../../support/waitFor.ts";

const ACTIVE = ".terminal-wrapper.active";

/** The terminal in the panel. It is drawn on a canvas, so its text is read from its buffer. */
export class TerminalPanel {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async isOpen(): Promise<boolean> {
    return this.#page.locator(ACTIVE).isVisible();
  }

  /** All lines of the active terminal, including those that are scrolled away. */
  async text(): Promise<string> {
    await this.#page.locator(ACTIVE).waitFor();
    return (await this.#page.locator(ACTIVE).evaluate(readBuffer)).trimEnd();
  }

  async waitForText(text: string): Promise<void> {
    await waitFor(async () => (await this.text()).includes(text), {
      timeoutMs: 30_000,
      describe: `"${text}" in the terminal`,
    });
  }

  /** Types a line and presses Enter. */
  async type(line: string): Promise<void> {
    await this.#page.locator(`${ACTIVE} textarea.xterm-helper-textarea`).focus();
    await this.#page.keyboard.type(line);
    await this.#page.keyboard.press("Enter");
  }

  /** The names of the open terminals. Several terminals are shown as tabs at the side. */
  async names(): Promise<string[]> {
    const tabs = this.#page.locator(".terminal-tabs-entry .label-name");
    if ((await tabs.count()) > 0) return tabs.allInnerTexts();
    const single = this.#page.locator(".single-terminal-tab");
    return (await single.count()) > 0 ? [(await single.innerText()).trim()] : [];
  }
}

interface TerminalElement {
  readonly xterm?: {
    readonly buffer: {
      readonly active: {
        readonly length: number;
        getLine(index: number): { translateToString(trimRight: boolean): string };
      };
    };
  };
}

/** Runs in the page. */
function readBuffer(element: TerminalElement): string {
  const buffer = element.xterm?.buffer.active;
  const lines = Array.from({ length: buffer?.length ?? 0 }, (_, index) =>
    buffer?.getLine(index).translateToString(true),
  );
  return lines.join("\n");
}
