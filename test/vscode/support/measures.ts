import { waitFor } from "../../support/waitFor.ts";
import type { ShownElement } from "./workbench/shownElement.ts";
import type { Workbench } from "./workbench.ts";

/**
 * What the editor says under Running Extensions: loading the code and calling `activate`,
 * milliseconds, in the order of the names.
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
 * Watches a row from now on; what it answers with resolves with the time, in milliseconds since
 * 1970, at which the row's text was first another one. Read in the page, so that asking costs
 * nothing.
 */
export async function watchRow(window: Workbench, label: string): Promise<() => Promise<number>> {
  const changed = await window.page.evaluateHandle(watch, label);
  return async () => changed.evaluate(({ at }) => at);
}

/** Of the page: the tests are compiled without a browser's types. */
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
  // In an object: a bare promise would be waited for.
  return { at };
}
