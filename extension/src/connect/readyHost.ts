import { ProgressLocation, window } from "vscode";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { hostNames } from "@gpu-dev/client/ssh/hostState.ts";
import type { HostState, LiveHost } from "@gpu-dev/client/ssh/hostState.ts";
import { CANCELLABLE } from "@gpu-dev/shared/states.ts";
import { progressText } from "@gpu-dev/client/text/reservationText.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import { Dismissed } from "../core/errors.ts";
import type { Target } from "../core/commands.ts";
import type { Live } from "../live/live.ts";
import { pickReservation } from "../reservation/pickReservation.ts";
import type { HostSync } from "./hostSync.ts";
import { hasEnded, neverReady, waitUntilReady } from "./waitUntilReady.ts";

/** A reservation that can be connected to right now, and how ssh calls it. */
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

/** From what a command was called on to a host on disk; offers to wait where it is not ready yet. */
export async function readyHost(
  options: ReadyHostOptions,
  target: Target | null,
): Promise<ReadyHost> {
  const chosen = await choose(options, target);
  const reservation = chosen.state === "ready" ? chosen : await offerToWait(options, chosen);
  const state = await window.withProgress(
    { location: ProgressLocation.Window, title: `Looking up ${reservation.name}` },
    () => options.hostSync.syncNow(),
  );
  const entry = state.live.find(({ id }) => id === reservation.id);
  const host = entry === undefined ? undefined : hostNames(state).get(entry);
  if (entry === undefined || host === undefined) {
    throw new Error(`${reservation.name} has no address yet. Try again in a moment.`);
  }
  return { reservation, host, entry, state };
}

async function choose(options: ReadyHostOptions, target: Target | null): Promise<Reservation> {
  const { live, now, reserve } = options;
  if (live.state.reservations === null) await live.refresh();
  const all = live.state.reservations ?? [];
  const comes = ({ state }: Reservation) => CANCELLABLE.includes(state);
  if (target === null && !all.some(comes)) {
    const message = "You have no reservation to connect to.";
    if ((await window.showInformationMessage(message, "Reserve")) === "Reserve") await reserve();
    throw new Dismissed();
  }
  const anyReady = all.some(({ state }) => state === "ready");
  return await pickReservation({
    live,
    now,
    target,
    eligible: (one) => (anyReady ? one.state === "ready" : comes(one)),
    placeHolder: anyReady ? "Connect to which one?" : "Not ready yet. Wait for which one?",
    none: "You have no reservation to connect to. Reserve a GPU server first.",
  });
}

async function offerToWait(
  { live }: ReadyHostOptions,
  reservation: Reservation,
): Promise<Reservation> {
  const { id, name } = reservation;
  if (hasEnded(reservation)) throw new Error(neverReady(reservation));
  const question = `${name} is not ready yet: ${asSentence(progressText(reservation))}`;
  if ((await window.showInformationMessage(question, "Wait")) !== "Wait") throw new Dismissed();
  const options = {
    location: ProgressLocation.Notification,
    title: `Waiting for ${name}`,
    cancellable: true,
  };
  return await window.withProgress(options, async (progress, token) => {
    const stop = new AbortController();
    token.onCancellationRequested(() => {
      stop.abort();
      void window.showInformationMessage(`${name} keeps its place. Connect when it is ready.`);
    });
    return await waitUntilReady({
      live,
      id,
      signal: stop.signal,
      onProgress: (message) => {
        progress.report({ message });
      },
    });
  });
}
