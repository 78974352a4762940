import { commands, window } from "vscode";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import type { HostState } from "@gpu-dev/client/ssh/hostState.ts";
import type { CommandId } from "../core/commands.ts";
import type { Disposable } from "../core/emitter.ts";
import type { Target } from "../core/commands.ts";
import type { Live } from "../live/live.ts";
import {
  type Here,
  type NoticeButton,
  type RemoteWindowNotice,
  remoteWindowNotice,
  reservationIdHere,
} from "./remoteWindow.ts";

export interface WatchRemoteWindowOptions {
  readonly here: Here;
  readonly live: Pick<Live, "state" | "onDidChange">;
  readonly readHosts: () => Promise<HostState>;
  readonly now: () => Date;
  readonly log: { warn(message: string): void };
}

export interface RemoteWindowWatch extends Disposable {
  /** Whether this window is of that reservation: then its end is told here, and nowhere else. */
  isOf(id: string): boolean;
}

/** Tells in a remote window of ours when its reservation is over, and offers the way on. Does nothing in other windows. */
export function watchRemoteWindow(options: WatchRemoteWindowOptions): RemoteWindowWatch {
  const { here, live, now, log } = options;
  const told = new Set<string>();
  let id = here.reservationId;
  const look = async () => {
    // The first answer stays: a later reservation may get the name, and with it the host.
    id ??= reservationIdHere(here, await options.readHosts());
    const all = live.state.reservations ?? [];
    const reservation = all.find((one) => one.id === id);
    if (reservation === undefined) return;
    const notice = remoteWindowNotice(reservation, all, now());
    if (notice === null || told.has(notice.key)) return;
    told.add(notice.key);
    await show(notice);
  };
  const follow = () => {
    if (here.host === null && here.reservationId === null) return;
    look().catch((error: unknown) => {
      log.warn(`This window's own reservation could not be looked at: ${String(error)}`);
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
