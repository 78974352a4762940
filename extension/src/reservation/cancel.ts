import { window } from "vscode";
import { signedInClient } from "../account/account.ts";
import type { CommandHandler } from "../core/commands.ts";
import { Dismissed } from "../core/errors.ts";
import { cancelledText, cancelQuestion, isCancellable, whyNotCancellable } from "./cancelText.ts";
import type { ReservationCommandsOptions } from "./commandOptions.ts";
import { pickReservation } from "./pickReservation.ts";
import { sendWithRetry } from "./sendWithRetry.ts";

/** Cancels a reservation after one confirmation, which states what happens to the disk. */
export function createCancel({ account, live, now }: ReservationCommandsOptions): CommandHandler {
  return async (target) => {
    const reservation = await pickReservation({
      live,
      now,
      target,
      eligible: isCancellable,
      placeHolder: "Select the reservation to cancel",
      none: "You have no reservation to cancel.",
    });
    const refusal = whyNotCancellable(reservation, now());
    if (refusal !== undefined) {
      void window.showInformationMessage(refusal);
      return reservation;
    }
    const { title, detail, button } = cancelQuestion(reservation);
    // The editor's default close button reads "Cancel", which is ambiguous next to "Cancel
    // Reservation".
    const keep = { title: "Keep Reservation", isCloseAffordance: true };
    const confirm = { title: button, isCloseAffordance: false };
    const chosen = await window.showWarningMessage(title, { modal: true, detail }, confirm, keep);
    if (chosen !== confirm) throw new Dismissed();
    const client = signedInClient(account);
    const params = { reservationId: reservation.id };
    const after = await sendWithRetry(
      `Cancelling ${reservation.name}`,
      (signal) => client.call("cancelReservation", { params, signal }),
      { cancellable: false },
    );
    live.put(after);
    void window.showInformationMessage(cancelledText(reservation, after));
    return after;
  };
}
