import { waitFor } from "../../support/waitFor.ts";
import type { ShownElement } from "./workbench/shownElement.ts";
import type { Workbench } from "./workbench.ts";

/**
 * The activation times that the editor shows under Running Extensions, in milliseconds and in the
 * order of the names: the time to load the code and to call `activate`.
 */
export async function activationMs(
  window: Workbench,
  displayNames: readonly string[],
): Promise<number[]> {
  await window.runCommand("Developer: Show Running Extensions");
  const rows = window.page.locator(".runtime-extensions-editor .extension");
  const read = async (displayName: string) => {
    const row = rows.filter({ has: window.page.locator(".name", { hasText: displayName }) });
    const shown = await row.locator(".activation-time").allInnerTexts();
    const [, ms] = /(\d+) ?ms/.exec(shown.join(" ")) ?? [];
    return ms === undefined ? null : Number(ms);
  };
  return waitFor(
    async () => {
      const all = await Promise.all(displayNames.map(read));
      return all.every((ms) => ms !== null) ? all : undefined;
    },
    { timeoutMs: 30_000, describe: `the activation times of ${displayNames.join(" and ")}` },
  );
}

/**
 * Starts to watch a row. The returned function resolves with the time, in milliseconds since 1970,
 * at which the row's text first changed. The page records the time, so that reading it later does
 * not distort it.
 */
export async function watchRow(window: Workbench, label: string): Promise<() => Promise<number>> {
  const changed = await window.page.evaluateHandle(watch, label);
  return async () => changed.evaluate(({ at }) => at);
}

/** Globals of the page: the tests are compiled without a browser's types. */
declare const document: ShownElement & { readonly body: unknown };
declare const MutationObserver: new (listener: () => void) => {
  observe(target: unknown, options: object): void;
  disconnect(): void;
};

function watch(label: string): { readonly at: Promise<number> } {
  const text = () =>
    [...document.querySelectorAll(".customview-tree .monaco-list-row")].find(
      (row) => row.querySelector(".label-name")?.textContent === label,
    )?.textContent;
  const before = text();
  const at = new Promise<number>((resolve) => {
    const observer = new MutationObserver(() => {
      const after = text();
      if (after === undefined || after === before) return;
      observer.disconnect();
      resolve(performance.timeOrigin + performance.now());
    });
    observer.observe(document.body, { childList: true, subtree: true, characterData: true });
  });
  // In an object, because `evaluateHandle` would await a promise.
  return { at };
}
