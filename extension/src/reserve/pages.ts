import {
  InputBoxValidationSeverity,
  type QuickInput,
  type QuickInputButton,
  QuickInputButtons,
  type QuickPick,
  type QuickPickItem,
  ThemeIcon,
  window,
} from "vscode";
import type { Disposable } from "../core/emitter.ts";
import { Dismissed } from "../core/errors.ts";
import type { Choice } from "./choices.ts";

/** The properties of every page of the wizard. */
export interface Page {
  readonly step: number;
  readonly totalSteps: number;
  readonly canGoBack: boolean;
  /** Registers a function that redraws the page when the shown state changes. */
  readonly watch: (redraw: () => void) => Disposable;
}

export interface PickPage<T> extends Page {
  readonly placeholder: () => string;
  /** Called on each change of the typed text and of the watched state. */
  readonly choices: (typed: string) => readonly Choice<T>[];
  readonly activeId: string | undefined;
  readonly isBusy?: () => boolean;
  /** A result that completes the page without the user, once it is available. */
  readonly result?: () => T | undefined;
}

export interface TextPage extends Page {
  readonly prompt: () => string;
  readonly placeholder: string;
  readonly value: string;
  /** Why the text is not valid; undefined if it is. */
  readonly validate: (typed: string) => string | undefined;
  /** Why the page is shown again; visible until the text changes. */
  readonly notice: string | undefined;
}

export const BACK = Symbol("back");

const TITLE = "Reserve a GPU server";

interface Item<T> extends QuickPickItem {
  readonly choice: Choice<T>;
}

/** Lets the user pick one line. Lines may change meanwhile without moving the selection. */
export async function pickOne<T>(page: PickPage<T>): Promise<T | typeof BACK> {
  const input = window.createQuickPick<Item<T>>();
  input.matchOnDescription = true;
  input.keepScrollPosition = true;
  /** The accepted line that cannot be chosen: it shows the reason from then on. */
  let refusedId: string | undefined;
  const draw = createDraw(input, page, () => refusedId);
  return showPage<T>(input, page, (complete) => {
    draw(page.activeId);
    return [
      page.watch(() => {
        const result = page.result?.();
        if (result === undefined) draw(undefined);
        else complete(result);
      }),
      input.onDidChangeValue(() => {
        draw(undefined);
      }),
      input.onDidAccept(() => {
        const [active] = input.activeItems;
        if (active === undefined) return;
        const { id, pick } = active.choice;
        if ("value" in pick) complete(pick.value);
        else {
          refusedId = id;
          draw(undefined);
        }
      }),
    ];
  });
}

/** Lets the user type a line, which is validated while typing. */
export async function enterText(page: TextPage): Promise<string | typeof BACK> {
  const input = window.createInputBox();
  input.value = page.value;
  input.placeholder = page.placeholder;
  let { notice } = page;
  // An empty page is not validated before the user types.
  let isEdited = page.value !== "";
  const draw = () => {
    const problem = isEdited ? page.validate(input.value) : undefined;
    input.prompt = page.prompt();
    input.validationMessage = problem ?? warningOf(notice);
  };
  return showPage<string>(input, page, (complete) => {
    draw();
    return [
      page.watch(draw),
      input.onDidChangeValue(() => {
        notice = undefined;
        isEdited = true;
        draw();
      }),
      input.onDidAccept(() => {
        isEdited = true;
        draw();
        if (page.validate(input.value) === undefined) complete(input.value.trim());
      }),
    ];
  });
}

interface ShownInput extends QuickInput {
  buttons: readonly QuickInputButton[];
  readonly onDidTriggerButton: (listener: (button: QuickInputButton) => void) => Disposable;
}

/**
 * Shows a page until `complete` is called or the user goes back; rejects with Dismissed if the user
 * closes it. In any case, disposes of the input and of the disposables that `start` returns.
 */
async function showPage<T>(
  input: ShownInput,
  page: Page,
  start: (complete: (result: T) => void) => readonly Disposable[],
): Promise<T | typeof BACK> {
  input.title = TITLE;
  input.step = page.step;
  input.totalSteps = page.totalSteps;
  // Switching to the tree or to another window must not lose the answers.
  input.ignoreFocusOut = true;
  input.buttons = page.canGoBack ? [QuickInputButtons.Back] : [];
  const disposables: Disposable[] = [input];
  try {
    return await new Promise((resolve, reject) => {
      disposables.push(
        input.onDidTriggerButton((button) => {
          if (button === QuickInputButtons.Back) resolve(BACK);
        }),
        input.onDidHide(() => {
          reject(new Dismissed());
        }),
        ...start(resolve),
      );
      input.show();
    });
  } finally {
    for (const disposable of disposables.reverse()) disposable.dispose();
  }
}

/** Replaces the items only if they differ, because a screen reader would read all of them again. */
function createDraw<T>(
  input: QuickPick<Item<T>>,
  page: PickPage<T>,
  refusedId: () => string | undefined,
) {
  let shown = "";
  return (activeId: string | undefined): void => {
    input.placeholder = page.placeholder();
    input.busy = page.isBusy?.() ?? false;
    const choices = page.choices(input.value).map((choice) => withReason(choice, refusedId()));
    const next = JSON.stringify(choices);
    if (next === shown) return;
    shown = next;
    const keepId = activeId ?? input.activeItems[0]?.choice.id;
    const items = choices.map(itemFrom);
    input.items = items;
    // The line made from the typed text takes precedence over the selection.
    const active =
      items.find(({ choice }) => choice.isTyped) ??
      items.find(({ choice }) => choice.id === keepId);
    if (active !== undefined) input.activeItems = [active];
  };
}

function withReason<T>(choice: Choice<T>, refusedId: string | undefined): Choice<T> {
  const { id, pick } = choice;
  return id === refusedId && "whyNot" in pick ? { ...choice, detail: pick.whyNot } : choice;
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

function warningOf(message: string | undefined) {
  return message === undefined
    ? undefined
    : { message, severity: InputBoxValidationSeverity.Warning };
}
