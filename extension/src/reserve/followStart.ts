import { type CancellationToken, commands, ProgressLocation, window } from "vscode";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import type { ApiClient } from "@gpu-dev/client/http/apiClient.ts";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import type { CommandId, Target } from "../core/commands.ts";
import type { Live } from "../live/live.ts";
import { backgroundStartText, isPending, startProgressText } from "./startText.ts";

export interface FollowOptions {
  readonly live: Pick<Live, "state" | "onDidChange" | "put">;
  readonly client: Pick<ApiClient, "call">;
  readonly created: Reservation;
}

/**
 * Shows the progress of a new reservation until it is ready or ends; the result is a separate
 * notification. Cancel only stops the wait, and then offers to cancel the reservation too.
 */
export async function followStart(options: FollowOptions): Promise<void> {
  const { live, created } = options;
  if (!isPending(created)) return;
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
  if (isCancelled) await offerToCancel(options);
}

const KEEP = "Keep Reservation";
const CANCEL = "Cancel Reservation";
const CANCEL_COMMAND: CommandId = "gpuDev.cancel";

async function untilStarted(
  live: FollowOptions["live"],
  id: ReservationId,
  token: CancellationToken,
  report: (message: string) => void,
): Promise<void> {
  await new Promise<void>((resolve) => {
    const update = () => {
      const { reservations, contact } = live.state;
      const current = reservations?.find((each) => each.id === id);
      // It is no longer in the list after a sign-out, or long after its end.
      if (current === undefined || !isPending(current)) stop();
      else report(startProgressText(current, contact));
    };
    const stop = () => {
      subscription.dispose();
      cancellation.dispose();
      resolve();
    };
    const subscription = live.onDidChange(update);
    const cancellation = token.onCancellationRequested(stop);
    update();
  });
}

async function offerToCancel({ live, client, created }: FollowOptions): Promise<void> {
  const find = () => live.state.reservations?.find(({ id }) => id === created.id);
  const before = find();
  if (before === undefined || !isPending(before)) return;
  const chosen = await window.showInformationMessage(backgroundStartText(before), KEEP, CANCEL);
  if (chosen !== CANCEL) return;
  const current = find();
  if (current === undefined) return;
  if (isPending(current)) {
    const params = { reservationId: current.id };
    live.put(await client.call("cancelReservation", { params }));
    return;
  }
  // It became ready meanwhile and may contain work, so the cancel command asks for confirmation.
  const target: Target = { kind: "reservation", id: current.id };
  await commands.executeCommand(CANCEL_COMMAND, target);
}
