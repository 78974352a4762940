import { StatusBarAlignment, type StatusBarItem, ThemeColor, window, workspace } from "vscode";
import { windowLocation } from "../connect/watchRemoteWindow.ts";
import { type Disposable, disposeAll } from "../core/emitter.ts";
import { autoRefresh } from "../live/autoRefresh.ts";
import type { Live } from "../live/live.ts";
import { type StatusBarContent, statusBarFor } from "./statusBarFor.ts";

export interface StatusBarOptions {
  readonly live: Live;
  readonly now: () => Date;
  /** GPU_DEV_RESERVATION_ID of this process. */
  readonly reservationId: string | undefined;
  /**
   * The prefix of the SSH host names of this deployment; "gpu-dev" if there is only one deployment.
   */
  readonly hostPrefix?: () => string;
}

export function createStatusBar(options: StatusBarOptions): Disposable {
  const { live, now, reservationId, hostPrefix = () => "gpu-dev" } = options;
  const item = window.createStatusBarItem("gpuDev.countdown", StatusBarAlignment.Left, PRIORITY);
  item.name = "GPU Dev Server";
  const draw = () => {
    const content = statusBarFor({
      state: live.state,
      location: windowLocation(reservationId),
      now: now(),
      hostPrefix: hostPrefix(),
    });
    show(item, content);
  };
  const drawing = autoRefresh({ live, now, draw });
  const folders = workspace.onDidChangeWorkspaceFolders(draw);
  return disposeAll(folders, drawing, item);
}

/** Next to the remote indicator, which comes first. */
const PRIORITY = 100;

function show(item: StatusBarItem, content: StatusBarContent | undefined): void {
  if (content === undefined) {
    item.hide();
    return;
  }
  const { text, tooltip, spoken, background, command, target } = content;
  item.text = text;
  item.tooltip = tooltip;
  item.accessibilityInformation = { label: spoken, role: "button" };
  item.backgroundColor =
    background === undefined ? undefined : new ThemeColor(`statusBarItem.${background}Background`);
  item.command = { command, title: tooltip, arguments: target === undefined ? [] : [target] };
  item.show();
}
