import { ProgressLocation, window } from "vscode";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { hostNames } from "@gpu-dev/client/ssh/hostNames.ts";
import type { HostState, LiveHost } from "@gpu-dev/client/ssh/hostState.ts";
import { CANCELLABLE } from "@gpu-dev/shared/states.ts";
import { progressText } from "@gpu-dev/client/text/reservationText.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import { Dismissed } from "../core/errors.ts";
import type { Target } from "../core/commands.ts";
import type { Live } from "../live/live.ts";
import { pickReservation } from "../reservation/pickReservation.ts";
import type { HostSync } from "./hostSync.ts";
import { hasEnded, notReadyText, waitUntilReady } from "./waitUntilReady.ts";

/** A reservation that is ready to connect to, and its SSH host. */
export interface ReadyHost {
  readonly reservation: Reservation;
  readonly host: string;
  readonly entry: LiveHost;
  readonly state: HostState;
}

export interface ReadyHostOptions {
  readonly live: Live;
  readonly hostSync: Pick<HostSync, "read" | "syncNow">;
  readonly now: () => Date;
  readonly reserve: () => Promise<unknown>;
}

/**
 * Finds the SSH host of the reservation that a command acts on; offers to wait if it is not ready
 * yet.
 */
export async function readyHost(
  options: ReadyHostOptions,
  target: Target | undefined,
): Promise<ReadyHost> {
  const chosen = await choose(options, target);
  const reservation = chosen.state === "ready" ? chosen : await offerToWait(options, chosen);
  const state = await window.withProgress(
    { location: ProgressLocation.Window, title: `Preparing the SSH host of ${reservation.name}` },
    () => options.hostSync.syncNow(),
  );
  const entry = state.live.find(({ id }) => id === reservation.id);
  const host = entry === undefined ? undefined : hostNames(state).get(entry);
  if (entry === undefined || host === undefined) {
    throw new Error(
      `${reservation.name} is ready, but its SSH host is not written yet. Try again in a moment.`,
    );
  }
  return { reservation, host, entry, state };
}

async function choose(options: ReadyHostOptions, target: Target | undefined): Promise<Reservation> {
  const { live, now, reserve } = options;
  if (live.state.reservations === undefined) await live.refresh();
  const all = live.state.reservations ?? [];
  const isPending = ({ state }: Reservation) => CANCELLABLE.includes(state);
  if (target === undefined && !all.some(isPending)) {
    const message = "You have no reservation to connect to.";
    if ((await window.showInformationMessage(message, "Reserve")) === "Reserve") await reserve();
    throw new Dismissed();
  }
  const anyReady = all.some(({ state }) => state === "ready");
  return pickReservation({
    live,
    now,
    target,
    eligible: (each) => (anyReady ? each.state === "ready" : isPending(each)),
    placeHolder: anyReady
      ? "Select the reservation to connect to"
      : "None is ready yet. Select the reservation to wait for",
    none: "You have no reservation to connect to. Reserve a GPU server first.",
  });
}

async function offerToWait(
  { live }: ReadyHostOptions,
  reservation: Reservation,
): Promise<Reservation> {
  const { id, name } = reservation;
  if (hasEnded(reservation)) throw new Error(notReadyText(reservation));
  const question = `${name} is not ready yet: ${asSentence(progressText(reservation))}`;
  if ((await window.showInformationMessage(question, "Wait")) !== "Wait") throw new Dismissed();
  const options = {
    location: ProgressLocation.Notification,
    title: `Waiting for ${name}`,
    cancellable: true,
  };
  return window.withProgress(options, async (progress, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => {
      abort.abort();
      void window.showInformationMessage(`${name} is unchanged. Connect when it is ready.`);
    });
    return waitUntilReady({
      live,
      id,
      signal: abort.signal,
      onProgress: (message) => {
        progress.report({ message });
      },
    });
  });
}
