import { type QuickPick, type QuickPickItem, ThemeIcon, window } from "vscode";
import type { Disposable } from "../core/emitter.ts";
import type { Choice } from "./choice.ts";
import { type BACK, type Page, showPage } from "./page.ts";

export interface PickPage<T> extends Page {
  readonly placeholder: () => string;
  /** Asked again on each letter typed and on each change of what `watch` looks at. */
  readonly choices: (typed: string) => readonly Choice<T>[];
  readonly activeId: string | null;
  readonly isBusy?: () => boolean;
  /** What answers the page by itself, once it is there. */
  readonly settled?: () => T | null;
  readonly watch: (redraw: () => void) => Disposable;
}

interface Item<T> extends QuickPickItem {
  readonly choice: Choice<T>;
}

/** Lets a person pick one line; lines change under the eyes without moving the selection. */
export async function pickOne<T>(page: PickPage<T>): Promise<T | typeof BACK> {
  const input = window.createQuickPick<Item<T>>();
  input.matchOnDescription = true;
  input.keepScrollPosition = true;
  /** The line that was chosen and can't be: it says why from then on. */
  let refused: string | null = null;
  const draw = createDraw(input, page, () => refused);
  return await showPage<T>(input, page, (settle) => {
    draw(page.activeId);
    return [
      page.watch(() => {
        const answer = page.settled?.() ?? null;
        if (answer === null) draw(null);
        else settle(answer);
      }),
      input.onDidChangeValue(() => {
        draw(null);
      }),
      input.onDidAccept(() => {
        const [active] = input.activeItems;
        if (active === undefined) return;
        const { id, pick } = active.choice;
        if ("value" in pick) settle(pick.value);
        else {
          refused = id;
          draw(null);
        }
      }),
    ];
  });
}

/** Draws again only what differs: a screen reader would read everything anew. */
function createDraw<T>(input: QuickPick<Item<T>>, page: PickPage<T>, refused: () => string | null) {
  let shown = "";
  return (activeId: string | null): void => {
    input.placeholder = page.placeholder();
    input.busy = page.isBusy?.() ?? false;
    const choices = page.choices(input.value).map((each) => withReason(each, refused()));
    const next = JSON.stringify(choices);
    if (next === shown) return;
    shown = next;
    const keep = activeId ?? input.activeItems[0]?.choice.id;
    const items = choices.map(itemFrom);
    input.items = items;
    // What is typed is what is meant; the line made of it comes first.
    const active =
      items.find(({ choice }) => choice.isTyped) ?? items.find(({ choice }) => choice.id === keep);
    if (active !== undefined) input.activeItems = [active];
  };
}

function withReason<T>(choice: Choice<T>, refused: string | null): Choice<T> {
  const { id, pick } = choice;
  return id === refused && "whyNot" in pick ? { ...choice, detail: pick.whyNot } : choice;
}

function itemFrom<T>(choice: Choice<T>): Item<T> {
  const { label, description, detail, icon, isTyped } = choice;
  return {
    label,
    ...(description === undefined ? {} : { description }),
    ...(detail === undefined ? {} : { detail }),
    ...(icon === undefined ? {} : { iconPath: new ThemeIcon(icon) }),
    ...(isTyped === true ? { alwaysShow: true } : {}),
    choice,
  };
}
