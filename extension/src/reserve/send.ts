import { ProgressLocation, window } from "vscode";
import type { CreateReservation } from "@gpu-dev/shared/api/reservation.ts";
import type { ApiClient } from "@gpu-dev/client/http/apiClient.ts";
import { ApiError } from "@gpu-dev/client/http/apiErrors.ts";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { Dismissed, failureText } from "../core/errors.ts";
import type { Live } from "../live/live.ts";

export interface SendOptions {
  readonly client: Pick<ApiClient, "call">;
  readonly live: Pick<Live, "put">;
  readonly showFailure: (error: unknown) => void;
  readonly title: string;
  readonly body: CreateReservation;
  readonly idempotencyKey: string;
}

/**
 * Sends the request for a reservation. If the user cancels during the request, it throws Dismissed
 * at once and cancels the reservation in the background if the server has created it.
 */
export async function send(options: SendOptions): Promise<Reservation> {
  const { client, live, title, body, idempotencyKey } = options;
  const location = ProgressLocation.Notification;
  return window.withProgress({ location, title, cancellable: true }, async (_bar, token) => {
    const request = client.call("createReservation", { body, idempotencyKey });
    const cancelled = new Promise<undefined>((resolve) => {
      token.onCancellationRequested(() => {
        resolve(undefined);
      });
    });
    const created = await Promise.race([request, cancelled]);
    if (created === undefined) {
      void undo(options, request);
      throw new Dismissed();
    }
    live.put(created);
    return created;
  });
}

async function undo(
  { client, live, showFailure }: SendOptions,
  request: Promise<Reservation>,
): Promise<void> {
  try {
    const created = await request;
    const params = { reservationId: created.id };
    live.put(await client.call("cancelReservation", { params }));
  } catch (error) {
    // Refused: there is nothing to cancel.
    if (error instanceof ApiError && error.status < 500) return;
    const failure = failureText(error);
    showFailure(
      new Error(
        `The reservation may have been created before you cancelled: ${failure} Check the Reservations view when the server responds.`,
        { cause: error },
      ),
    );
  }
}
