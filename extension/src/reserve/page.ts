import { type QuickInput, type QuickInputButton, QuickInputButtons } from "vscode";
import type { Disposable } from "../core/emitter.ts";
import { Dismissed } from "../core/errors.ts";

/** What every page of the wizard has. */
export interface Page {
  readonly step: number;
  readonly totalSteps: number;
  readonly canGoBack: boolean;
}

export const BACK = Symbol("back");

const TITLE = "Reserve a GPU server";

interface Shown extends QuickInput {
  buttons: readonly QuickInputButton[];
  readonly onDidTriggerButton: (listener: (button: QuickInputButton) => void) => Disposable;
}

/**
 * Shows a page until it is answered: resolves with what `start` hands to `settle`, or with BACK; rejects with
 * Dismissed when it is closed. The input and what `start` returned are disposed in any case.
 */
export async function showPage<T>(
  input: Shown,
  page: Page,
  start: (settle: (answer: T) => void) => readonly Disposable[],
): Promise<T | typeof BACK> {
  input.title = TITLE;
  input.step = page.step;
  input.totalSteps = page.totalSteps;
  // Looking at the tree or at another window while choosing must not lose the answers.
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
    for (const each of disposables.reverse()) each.dispose();
  }
}
