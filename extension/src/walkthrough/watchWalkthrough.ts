import { commands, window } from "vscode";
import type { Account } from "../account/account.ts";
import { type Disposable, disposeAll } from "../core/emitter.ts";
import type { Live } from "../live/live.ts";
import { MILESTONES, reachedMilestones } from "./milestones.ts";

/**
 * Ticks the steps of the walkthrough that were done elsewhere. The editor ticks a step only when
 * its context key becomes true after it has read the walkthrough, which it does with the page. So
 * the keys are true only while a page like it is open.
 */
export function watchWalkthrough({
  account,
  live,
}: {
  readonly account: Pick<Account, "state" | "onDidChange">;
  readonly live: Pick<Live, "state" | "onDidChange">;
}): Disposable {
  const shown = new Map<string, boolean>();
  const update = () => {
    const reached = reachedMilestones(account.state, live.state);
    const isOpen = isPageOpen();
    for (const key of MILESTONES) {
      const value = isOpen && reached[key];
      if ((shown.get(key) ?? false) !== value)
        void commands.executeCommand("setContext", key, value);
      shown.set(key, value);
    }
  };
  update();
  return disposeAll(
    window.tabGroups.onDidChangeTabs(update),
    account.onDidChange(update),
    live.onDidChange(update),
  );
}

/** Pages of the editor itself, such as the walkthrough, have an input of no public type. */
function isPageOpen(): boolean {
  return window.tabGroups.all.some(({ tabs }) => tabs.some(({ input }) => input === undefined));
}
