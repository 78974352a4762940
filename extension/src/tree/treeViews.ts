import { commands, type TreeView, window } from "vscode";
import type { Account } from "../account/account.ts";
import type { KnownHosts } from "../connect/hostSync.ts";
import type { ContextKey, ViewId } from "../core/commands.ts";
import { type Disposable, disposeAll } from "../core/emitter.ts";
import { autoRefresh } from "../live/autoRefresh.ts";
import type { Live } from "../live/live.ts";
import type { LiveState } from "../live/stateKeeper.ts";
import { availabilityNodes } from "./availabilityNodes.ts";
import { contactMessage } from "../live/contactText.ts";
import { diskNodes } from "./diskNodes.ts";
import { countReady, reservationNodes } from "./reservationNodes.ts";
import type { TreeNode } from "./treeNode.ts";
import { createTreeProvider } from "./treeProvider.ts";
import type { TreeRow } from "./treeRows.ts";

export interface TreeViewsOptions {
  readonly live: Live;
  readonly account: Pick<Account, "state" | "onDidChange">;
  readonly now: () => Date;
  readonly hosts: KnownHosts;
}

/** The three views of the view container, drawn from one state. */
export function createTreeViews(options: TreeViewsOptions): Disposable {
  const { live, account, now, hosts } = options;
  const views = [
    createView("gpuDev.reservations", (state) => reservationNodes(state, now(), hosts)),
    createView("gpuDev.availability", (state) => availabilityNodes(state)),
    createView("gpuDev.disks", (state) => diskNodes(state, now())),
  ];
  const setLoaded = createContextSetter("gpuDev.loaded");
  const progress = createProgress();
  const draw = () => {
    const { state } = live;
    views.forEach(({ show }, index) => {
      show(state, contactMessage(state, now(), index === 0 ? "why" : "brief"));
    });
    const [reservations] = views;
    if (reservations) setBadge(reservations.view, countReady(state));
    setLoaded(state.reservations !== undefined);
    const isReading = state.reservations === undefined && state.contact.kind === "connecting";
    progress.set(account.state.kind === "signedIn" && isReading);
  };
  const drawing = autoRefresh({ live, now, draw });
  const endProgress = {
    dispose: () => {
      progress.set(false);
    },
  };
  return disposeAll(
    account.onDidChange(draw),
    hosts.onDidChange(draw),
    drawing,
    endProgress,
    ...views,
  );
}

function createView(id: ViewId, nodesOf: (state: LiveState) => readonly TreeNode[]) {
  const provider = createTreeProvider();
  const view = window.createTreeView(id, { treeDataProvider: provider, showCollapseAll: true });
  let message: string | undefined;
  return {
    view,
    show: (state: LiveState, next: string | undefined) => {
      provider.show(nodesOf(state));
      if (next !== message) view.message = next ?? "";
      message = next;
    },
    dispose: () => {
      view.dispose();
      provider.dispose();
    },
  };
}

/** The number on the icon in the activity bar. */
function setBadge(view: TreeView<TreeRow>, ready: number): void {
  if ((view.badge?.value ?? 0) === ready) return;
  const servers = ready === 1 ? "GPU server" : "GPU servers";
  const badge = { value: ready, tooltip: `${String(ready)} active ${servers}` };
  view.badge = ready === 0 ? undefined : badge;
}

function createContextSetter(key: ContextKey): (value: boolean) => void {
  let last: boolean | undefined;
  return (value) => {
    if (value !== last) void commands.executeCommand("setContext", key, value);
    last = value;
  };
}

/** The progress bar at the top of the view until the first read completes. */
function createProgress() {
  let end: (() => void) | undefined;
  return {
    set: (isReading: boolean) => {
      if (isReading && end === undefined) {
        const reading = new Promise<void>((resolve) => {
          end = resolve;
        });
        const location = { viewId: "gpuDev.reservations" satisfies ViewId };
        void window.withProgress({ location }, () => reading);
      } else if (!isReading) {
        end?.();
        end = undefined;
      }
    },
  };
}
