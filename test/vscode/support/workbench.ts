import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { waitFor } from "../../support/waitFor.ts";
import { THEMES, type Theme } from "./editorSettings.ts";
import { Editors } from "./workbench/editors.ts";
import { Menu } from "./workbench/menu.ts";
import { ModalDialog } from "./workbench/modalDialog.ts";
import { Notifications } from "./workbench/notifications.ts";
import { QuickInput } from "./workbench/quickInput.ts";
import { StatusBar } from "./workbench/statusBar.ts";
import { TerminalPanel } from "./workbench/terminalPanel.ts";
import { View } from "./workbench/view.ts";

const ARTIFACTS = join(import.meta.dirname, "../../../test-artifacts/vscode");

/** The performance mark that the editor sets when it has restored its parts. */
const RESTORED = 'performance.getEntriesByName("code/LifecyclePhase/Restored").length > 0';

/** A part of a window, in pixels. */
export interface Clip {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Reads the stored editors of all windows as text. */
const STORED_EDITORS = `(async () => {
  const texts = [];
  for (const { name } of await indexedDB.databases()) {
    if (!name.startsWith("vscode-web-state-db-")) continue;
    const request = (make) =>
      new Promise((resolve, reject) => {
        const made = make();
        made.onsuccess = () => resolve(made.result);
        made.onerror = () => reject(made.error);
      });
    const db = await request(() => indexedDB.open(name));
    const table = db.transaction("ItemTable").objectStore("ItemTable");
    texts.push(await request(() => table.get("memento/workbench.parts.editor")));
    db.close();
  }
  return texts.map(String).join();
})()`;

/**
 * One window, as its user sees it. Methods that click or type wait until they can. Methods that
 * read return the current state, so that a test waits for it (`waitFor`) or asserts it.
 */
export class Workbench {
  readonly page: Page;
  readonly quickInput: QuickInput;
  readonly notifications: Notifications;
  readonly dialog: ModalDialog;
  readonly menu: Menu;
  readonly statusBar: StatusBar;
  readonly editors: Editors;
  readonly terminal: TerminalPanel;

  constructor(page: Page) {
    this.page = page;
    this.quickInput = new QuickInput(page);
    this.notifications = new Notifications(page);
    this.dialog = new ModalDialog(page);
    this.menu = new Menu(page);
    this.statusBar = new StatusBar(page);
    this.editors = new Editors(page);
    this.terminal = new TerminalPanel(page);
  }

  /** Resolves when the editor has restored its parts. Extensions may start later. */
  async ready(): Promise<void> {
    await this.page.locator(".monaco-workbench .statusbar").waitFor();
    await this.page.waitForFunction(RESTORED);
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.ready();
  }

  /**
   * Reloads when the editor has stored that this editor is open: in a browser it stores its state
   * every few seconds, because it cannot while it closes.
   */
  async reloadWith(editorType: string): Promise<void> {
    await waitFor(
      async () => (await this.page.evaluate<string>(STORED_EDITORS)).includes(editorType),
      {
        timeoutMs: 30_000,
        describe: `the editor to store that ${editorType} is open`,
      },
    );
    await this.reload();
  }

  /**
   * Runs a command by its text in the palette ("Category: Title"). An extension that is still
   * starting adds its commands late. An open palette does not show them, so it is opened again.
   */
  async runCommand(title: string): Promise<void> {
    await waitFor(
      async () => {
        await this.#openPalette(title);
        const found = (await this.quickInput.items()).some(({ label }) => label === title);
        if (!found) await this.quickInput.escape();
        return found;
      },
      { timeoutMs: 30_000, intervalMs: 500, describe: `the command "${title}" in the palette` },
    );
    await this.quickInput.pick(title);
  }

  /** The titles that the palette offers for this text. */
  async findCommands(text: string): Promise<string[]> {
    await this.#openPalette(text);
    const items = await this.quickInput.items();
    await this.quickInput.escape();
    const wanted = text.toLowerCase();
    return items.map(({ label }) => label).filter((label) => label.toLowerCase().includes(wanted));
  }

  /** Opens the container with this title from the activity bar. */
  async openContainer(title: string): Promise<void> {
    const heading = this.page.locator(".sidebar .composite.title h2", { hasText: title });
    if (await heading.isVisible()) return;
    const icon = this.page.locator(
      `.activitybar .action-item:has(> [aria-label^=${quote(title)}])`,
    );
    await icon.click();
    await heading.waitFor();
  }

  /** The view with this title in the open container. */
  view(title: string): View {
    return new View({ page: this.page, title });
  }

  /** Drags the side bar's edge until it is this wide. */
  async resizeSideBar(width: number): Promise<void> {
    const box = await this.page.locator(".part.sidebar").boundingBox();
    if (!box) throw new Error("the side bar is not shown");
    const y = box.y + box.height / 3;
    await this.page.mouse.move(box.x + box.width, y);
    await this.page.mouse.down();
    await this.page.mouse.move(box.x + width, y, { steps: 5 });
    await this.page.mouse.up();
    await this.restPointer();
    await waitFor(
      async () => {
        const resized = await this.page.locator(".part.sidebar").boundingBox();
        return resized !== null && Math.abs(resized.width - width) <= 4;
      },
      { describe: `a side bar of ${String(width)} pixels` },
    );
  }

  async setTheme(theme: Theme): Promise<void> {
    const { label, shownBy } = THEMES[theme];
    await this.runCommand("Preferences: Color Theme");
    await this.quickInput.pick(label);
    await this.quickInput.waitUntilClosed();
    await this.page.locator(`.monaco-workbench${shownBy}`).waitFor();
  }

  /** Moves the pointer to where nothing reacts to it. */
  async restPointer(): Promise<void> {
    const box = await this.page.locator(".part.titlebar").boundingBox();
    await this.page.mouse.move((box?.width ?? 0) / 2, 2);
  }

  /** Writes test-artifacts/vscode/NAME.png: the window, or a part of it. */
  async screenshot(name: string, clip?: Clip): Promise<string> {
    await mkdir(ARTIFACTS, { recursive: true });
    const path = join(ARTIFACTS, `${name}.png`);
    await this.page.screenshot({
      path,
      animations: "disabled",
      caret: "initial",
      ...(clip !== undefined && { clip }),
    });
    return path;
  }

  /** For an `afterEach` hook: takes a screenshot if the test failed. */
  async screenshotFailure(context: Mocha.Context): Promise<void> {
    const test = context.currentTest;
    if (test?.state !== "failed") return;
    await this.screenshot(`failed-${test.fullTitle().replaceAll(/[^A-Za-z0-9]+/g, "-")}`);
  }

  async close(): Promise<void> {
    await this.page.close();
  }

  async #openPalette(text: string): Promise<void> {
    // A window that has just opened may drop a key, and an earlier box may still be closing. The
    // key is then pressed again, as a user does.
    await waitFor(
      async () => {
        if (!(await this.quickInput.isOpen())) await this.page.keyboard.press("F1");
        await this.quickInput.type(`>${text}`, { timeoutMs: 1_000 });
        return true;
      },
      { timeoutMs: 30_000, intervalMs: 500, describe: "the palette to open" },
    );
    // The list follows the typed text with a delay: it shows matching commands, similar commands,
    // or a line that there are none.
    await waitFor(
      async () =>
        (await this.quickInput.items()).some(
          ({ label, separator }) =>
            label.toLowerCase().includes(text.toLowerCase()) ||
            label === "No matching commands" ||
            separator === "similar commands",
        ),
      { timeoutMs: 5_000, describe: `the palette to search for "${text}"` },
    );
  }
}

function quote(text: string): string {
  return JSON.stringify(text);
}
