import { type CancellationToken, commands, ProgressLocation, window } from "vscode";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import type { ApiClient } from "@gpu-dev/client/http/apiClient.ts";
import type { CommandId } from "../core/commands.ts";
import type { Target } from "../core/commands.ts";
import type { Live } from "../live/live.ts";
import { followWords, goesOnSentence, isOnItsWay } from "./followText.ts";

export interface FollowOptions {
  readonly live: Pick<Live, "state" | "onDidChange" | "put">;
  readonly client: Pick<ApiClient, "call">;
  readonly created: Reservation;
}

/**
 * Shows what a new reservation does until it is ready or over; what it came to is told elsewhere. Its Cancel ends
 * only the waiting, and asks whether the reservation is to go, too.
 */
export async function followStart(options: FollowOptions): Promise<void> {
  const { live, created } = options;
  if (!isOnItsWay(created)) return;
  const location = ProgressLocation.Notification;
  const isCancelled = await window.withProgress(
    { location, title: created.name, cancellable: true },
    async (progress, token) => {
      await untilStarted(live, created.id, token, (message) => {
        progress.report({ message });
      });
      return token.isCancellationRequested;
    },
  );
  if (isCancelled) await askWhatNow(options);
}

const KEEP = "Keep Waiting";
const CANCEL = "Cancel Reservation";
const CANCEL_COMMAND: CommandId = "gpuDev.cancel";

async function untilStarted(
  live: FollowOptions["live"],
  id: ReservationId,
  token: CancellationToken,
  report: (words: string) => void,
): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = () => {
      const { reservations, contact } = live.state;
      const current = reservations?.find((each) => each.id === id);
      // Nothing known any more: somebody signed out, or it is long over.
      if (current === undefined || !isOnItsWay(current)) stop();
      else report(followWords(current, contact));
    };
    const stop = () => {
      listening.dispose();
      cancelling.dispose();
      resolve();
    };
    const listening = live.onDidChange(look);
    const cancelling = token.onCancellationRequested(stop);
    look();
  });
}

async function askWhatNow({ live, client, created }: FollowOptions): Promise<void> {
  const find = () => live.state.reservations?.find(({ id }) => id === created.id);
  const before = find();
  if (before === undefined || !isOnItsWay(before)) return;
  const chosen = await window.showInformationMessage(goesOnSentence(before), KEEP, CANCEL);
  if (chosen !== CANCEL) return;
  const now = find();
  if (now === undefined) return;
  if (isOnItsWay(now)) {
    const params = { reservationId: now.id };
    live.put(await client.call("cancelReservation", { params }));
    return;
  }
  // It has become ready meanwhile: there may be work in it, so that question is asked anew.
  const target: Target = { kind: "reservation", id: now.id };
  await commands.executeCommand(CANCEL_COMMAND, target);
}
