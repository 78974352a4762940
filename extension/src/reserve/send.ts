import { ProgressLocation, window } from "vscode";
import type { CreateReservation, Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { ApiError } from "@gpu-dev/client/http/apiErrors.ts";
import type { ApiClient } from "@gpu-dev/client/http/apiClient.ts";
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
 * Asks for the reservation. Cancelled while the answer is awaited, it throws Dismissed at once and sees to it that
 * nothing is left: a reservation that was made all the same is cancelled.
 */
export async function send(options: SendOptions): Promise<Reservation> {
  const { client, live, title, body, idempotencyKey } = options;
  const location = ProgressLocation.Notification;
  return await window.withProgress({ location, title, cancellable: true }, async (_bar, token) => {
    const asked = client.call("createReservation", { body, idempotencyKey });
    const cancelled = new Promise<null>((resolve) => {
      token.onCancellationRequested(() => {
        resolve(null);
      });
    });
    const answer = await Promise.race([asked, cancelled]);
    if (answer === null) {
      void undo(options, asked);
      throw new Dismissed();
    }
    live.put(answer);
    return answer;
  });
}

async function undo(
  { client, live, showFailure }: SendOptions,
  asked: Promise<Reservation>,
): Promise<void> {
  try {
    const made = await asked;
    const params = { reservationId: made.id };
    live.put(await client.call("cancelReservation", { params }));
  } catch (error) {
    // Refused: there is nothing to undo.
    if (error instanceof ApiError && error.status < 500) return;
    const why = failureText(error);
    showFailure(
      new Error(
        `Whether the reservation was made before you cancelled is not known: ${why} Look at Reservations once the server answers.`,
        { cause: error },
      ),
    );
  }
}
