import { StatusBarAlignment, type StatusBarItem, ThemeColor, window, workspace } from "vscode";
import type { Disposable } from "../core/emitter.ts";
import { autoRefresh } from "../live/autoRefresh.ts";
import type { Live } from "../live/live.ts";
import { hereNow } from "./hereNow.ts";
import { type StatusBarContent, statusBarFor } from "./statusBarFor.ts";

export interface StatusBarOptions {
  readonly live: Live;
  readonly now: () => Date;
  /** GPU_DEV_RESERVATION_ID of this process. */
  readonly reservationId: string | undefined;
  /** What the ssh hosts of this deployment begin with; "gpu-dev" where there is one deployment only. */
  readonly hostPrefix?: () => string;
}

export function createStatusBar(options: StatusBarOptions): Disposable {
  const { live, now, reservationId, hostPrefix = () => "gpu-dev" } = options;
  const item = window.createStatusBarItem("gpuDev.countdown", StatusBarAlignment.Left, PRIORITY);
  item.name = "GPU Dev Server";
  const draw = () => {
    const here = hereNow(reservationId);
    const options = { state: live.state, here, now: now(), hostPrefix: hostPrefix() };
    show(item, statusBarFor(options));
  };
  const drawing = autoRefresh({ live, now, draw });
  const folders = workspace.onDidChangeWorkspaceFolders(draw);
  return {
    dispose: () => {
      folders.dispose();
      drawing.dispose();
      item.dispose();
    },
  };
}

/** Beside the remote indicator, which is the first. */
const PRIORITY = 100;

function show(item: StatusBarItem, content: StatusBarContent | null): void {
  if (content === null) {
    item.hide();
    return;
  }
  const { text, tooltip, spoken, background, command, target } = content;
  item.text = text;
  item.tooltip = tooltip;
  item.accessibilityInformation = { label: spoken, role: "button" };
  item.backgroundColor =
    background === null ? undefined : new ThemeColor(`statusBarItem.${background}Background`);
  item.command = { command, title: tooltip, arguments: target === null ? [] : [target] };
  item.show();
}
