import { commands, window, workspace } from "vscode";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import type { HostState } from "@gpu-dev/client/ssh/hostState.ts";
import type { CommandId, Target } from "../core/commands.ts";
import type { Disposable } from "../core/emitter.ts";
import type { Live } from "../live/live.ts";
import {
  locationFrom,
  type NoticeButton,
  type RemoteWindowNotice,
  remoteWindowNotice,
  reservationIdOf,
  type WindowLocation,
} from "./remoteWindow.ts";

export interface WatchRemoteWindowOptions {
  readonly location: WindowLocation;
  readonly live: Pick<Live, "state" | "onDidChange">;
  readonly readHosts: () => Promise<HostState>;
  readonly now: () => Date;
  readonly log: { warn(message: string): void };
}

export interface RemoteWindowWatch extends Disposable {
  /** Whether this window is connected to the reservation. Then it shows the end itself. */
  isOf(id: string): boolean;
}

/** The location of this window, as far as its folders and its environment show. */
export function windowLocation(reservationId: string | undefined): WindowLocation {
  const uris = [
    ...(workspace.workspaceFolders ?? []).map(({ uri }) => uri),
    workspace.workspaceFile,
  ];
  const authorities = uris.flatMap((uri) => (uri?.scheme === "vscode-remote" ? uri.authority : []));
  return locationFrom({ authorities, reservationId });
}

/**
 * Shows the end of a reservation in its remote window and offers the next step. Does nothing in
 * other windows.
 */
export function watchRemoteWindow(options: WatchRemoteWindowOptions): RemoteWindowWatch {
  const { location, live, now, log } = options;
  const shownKeys = new Set<string>();
  let id = location.reservationId;
  const check = async () => {
    // The first result stays, because a later reservation may get the name and the host.
    id ??= reservationIdOf(location, await options.readHosts());
    const all = live.state.reservations ?? [];
    const reservation = all.find((each) => each.id === id);
    if (reservation === undefined) return;
    const notice = remoteWindowNotice(reservation, all, now());
    if (notice === undefined || shownKeys.has(notice.key)) return;
    shownKeys.add(notice.key);
    await show(notice);
  };
  const follow = () => {
    if (location.host === undefined && location.reservationId === undefined) return;
    check().catch((error: unknown) => {
      log.warn(`The reservation of this window could not be checked: ${String(error)}`);
    });
  };
  const subscription = live.onDidChange(({ reservations }) => {
    if (reservations === "all" || reservations.length > 0) follow();
  });
  follow();
  return {
    isOf: (other) => id === other,
    dispose: () => {
      subscription.dispose();
    },
  };
}

async function show({ text, buttons, about }: RemoteWindowNotice): Promise<void> {
  const chosen = await window.showWarningMessage(text, ...buttons);
  if (chosen !== undefined) await act(chosen, about);
}

async function act(button: NoticeButton, { id, spec }: Reservation): Promise<void> {
  const run = async (command: CommandId, target: Target) => {
    await commands.executeCommand(command, target);
  };
  switch (button) {
    case "Reserve Again":
      await run("gpuDev.reserve", { kind: "gpuType", gpuType: spec.gpuType, gpus: spec.gpus });
      return;
    case "Show Details":
      await run("gpuDev.showDetails", { kind: "reservation", id });
      return;
    case "Close Remote":
      await commands.executeCommand("workbench.action.remote.close");
      return;
    case "Reload Window":
      await commands.executeCommand("workbench.action.reloadWindow");
  }
}
