import type { Locator, Page } from "playwright-core";
import { waitFor } from "../../../support/waitFor.ts";
import { actionNamed, ariaLabels, plainNames, quote } from "./actionName.ts";
import type { ShownElement } from "./shownElement.ts";

export interface TreeRow {
  readonly label: string;
  readonly description: string;
  /** The text for screen readers. */
  readonly ariaLabel: string;
  /** 1 for the rows at the top of the tree. */
  readonly level: number;
  /** Null for a row that cannot be expanded. */
  readonly expanded: boolean | null;
  readonly selected: boolean;
  /** The CSS class of the icon, such as `codicon-server-process`; empty without an icon. */
  readonly icon: string;
}

/** A tree view in the side bar: its header, its welcome text and its rows. */
export class View {
  readonly title: string;
  readonly #page: Page;
  readonly #pane: Locator;

  constructor({ page, title }: { page: Page; title: string }) {
    this.title = title;
    this.#page = page;
    const heading = page.locator("h3.title", { hasText: new RegExp(`^${quote(title)}$`) });
    this.#pane = page.locator(".sidebar .pane").filter({ has: heading });
  }

  async isShown(): Promise<boolean> {
    return this.#pane.isVisible();
  }

  /** Expands the section of the view if it is collapsed. */
  async expandSection(): Promise<void> {
    const header = this.#header();
    if ((await header.getAttribute("aria-expanded")) === "false") await header.click();
    await this.#pane.locator(".pane-header.expanded").waitFor();
  }

  /** The description next to the title. */
  async description(): Promise<string> {
    return this.#text(".pane-header .description");
  }

  /** The line above the rows. */
  async message(): Promise<string> {
    return this.#text(".pane-body .message:not(.hide)");
  }

  /** The text of the welcome view; empty while rows are shown instead. */
  async welcome(): Promise<string> {
    return this.#text(".pane-body.welcome .welcome-view-content");
  }

  async waitForWelcome(text: string): Promise<void> {
    await waitFor(async () => (await this.welcome()).includes(text), {
      timeoutMs: 30_000,
      describe: `the welcome text "${text}"`,
    });
  }

  async clickWelcome(button: string): Promise<void> {
    const welcome = this.#pane.locator(".welcome-view-content");
    await welcome.getByRole("button", { name: button, exact: true }).click();
  }

  /** The visible rows, from the top; rows that are scrolled away are not included. */
  async rows(): Promise<TreeRow[]> {
    return this.#rows().evaluateAll(readRows);
  }

  async row(label: string): Promise<TreeRow | undefined> {
    return (await this.rows()).find((row) => row.label === label);
  }

  /** Resolves with the first row that matches. */
  async waitForRow(matches: (row: TreeRow) => boolean, describe: string): Promise<TreeRow> {
    let seen: readonly TreeRow[] = [];
    return waitFor(
      async () => {
        seen = await this.rows();
        return seen.find(matches);
      },
      { timeoutMs: 30_000, describe: `${describe} in ${this.title}` },
    ).catch((cause: unknown) => {
      const labels = seen.map(({ label, description }) => `${label} | ${description}`);
      throw new Error(`${String(cause)}\nlast seen:\n${labels.join("\n")}`, { cause });
    });
  }

  /** The labels of visible rows that are cut off, or that extend beyond the side bar. */
  async cutLabels(): Promise<string[]> {
    return this.#rows().evaluateAll(readCutLabels);
  }

  /** The label of the row with the keyboard focus; empty if no row has it. */
  async focusedLabel(): Promise<string> {
    const focused = this.#pane.locator(".monaco-list:focus .monaco-list-row.focused .label-name");
    return (await focused.count()) === 0 ? "" : ((await focused.first().textContent()) ?? "");
  }

  async expand(label: string): Promise<void> {
    const row = this.#row(label);
    if ((await row.getAttribute("aria-expanded")) !== "true") {
      await row.locator(".monaco-tl-twistie").click();
    }
    await this.waitForRow((shown) => shown.label === label && shown.expanded === true, label);
  }

  async select(label: string): Promise<void> {
    await this.#row(label).click();
  }

  /** The names of the actions that a row shows under the pointer. */
  async inlineActions(label: string): Promise<string[]> {
    const row = this.#row(label);
    await row.hover();
    return plainNames(await row.locator(".actions .action-label").evaluateAll(ariaLabels));
  }

  async clickInline(label: string, action: string): Promise<void> {
    const row = this.#row(label);
    await row.hover();
    await row.getByRole("button", { name: actionNamed(action) }).click();
  }

  /** Opens the menu that `workbench.menu` then reads and picks from. */
  async openContextMenu(label: string): Promise<void> {
    await this.#row(label).click({ button: "right" });
  }

  /** The names of the actions in the header, without Views and More Actions. */
  async titleActions(): Promise<string[]> {
    await this.#header().hover();
    const all = this.#pane.locator(".pane-header .actions .menu-entry .action-label");
    return plainNames(await all.evaluateAll(ariaLabels));
  }

  async clickTitleAction(action: string): Promise<void> {
    await this.#header().hover();
    const actions = this.#pane.locator(".pane-header .actions");
    await actions.getByRole("button", { name: actionNamed(action) }).click();
  }

  /** The text that a row shows in a hover under the pointer. */
  async tooltip(label: string): Promise<string> {
    await this.#row(label).locator(".monaco-icon-label").hover();
    const hover = this.#page.locator(".workbench-hover-container:visible, .monaco-hover:visible");
    await hover.first().waitFor();
    return (await hover.first().innerText()).trim();
  }

  /** Moves the keyboard focus to the rows. */
  async focus(): Promise<void> {
    await this.#pane.locator(".monaco-list").focus();
  }

  #header(): Locator {
    return this.#pane.locator(".pane-header");
  }

  #rows(): Locator {
    return this.#pane.locator(".customview-tree .monaco-list-rows > .monaco-list-row");
  }

  #row(label: string): Locator {
    const name = this.#page.locator(".label-name").getByText(label, { exact: true });
    return this.#rows().filter({ has: name }).first();
  }

  async #text(selector: string): Promise<string> {
    const found = this.#pane.locator(selector);
    return (await found.count()) === 0 ? "" : (await found.first().innerText()).trim();
  }
}

/** Runs in the page, in one call, because rows may change between two calls. */
function readRows(rows: ShownElement[]): TreeRow[] {
  return rows.map((row) => {
    const expanded = row.getAttribute("aria-expanded");
    const icon = row.querySelector(".custom-view-tree-node-item-icon")?.className ?? "";
    return {
      label: row.querySelector(".label-name")?.textContent ?? "",
      description: row.querySelector(".label-description")?.textContent ?? "",
      ariaLabel: row.getAttribute("aria-label") ?? "",
      level: Number(row.getAttribute("aria-level")),
      expanded: expanded === null ? null : expanded === "true",
      selected: row.getAttribute("aria-selected") === "true",
      icon: /codicon-[a-z-]+/.exec(icon)?.[0] ?? "",
    };
  });
}

/** Runs in the page. A label that is wider than its container ends in an ellipsis. */
function readCutLabels(rows: ShownElement[]): string[] {
  return rows.flatMap((row) => {
    const name = row.querySelector(".label-name");
    const container = row.querySelector(".monaco-icon-label-container");
    if (!name || !container) return [];
    const text = name.getBoundingClientRect();
    const { right: containerEnd } = container.getBoundingClientRect();
    const { right: rowEnd } = row.getBoundingClientRect();
    const isShown = text.right > text.left;
    const fits = text.right <= Math.min(containerEnd, rowEnd) + 0.5;
    return isShown && fits ? [] : [name.textContent ?? ""];
  });
}
