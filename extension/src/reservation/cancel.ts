import { window } from "vscode";
import { Dismissed } from "../core/errors.ts";
import type { CommandHandler } from "../core/commands.ts";
import {
  cancelledSentence,
  cancelQuestion,
  isCancellable,
  whyNothingToCancel,
} from "./cancelText.ts";
import { pickReservation } from "./pickReservation.ts";
import type { ReservationCommandsOptions } from "./reservationCommands.ts";
import { sendOrAskAgain } from "./sendOrAskAgain.ts";
import { signedInClient } from "./signedIn.ts";

/** Asks once, saying what becomes of the disk, then ends the reservation. */
export function createCancel({ account, live, now }: ReservationCommandsOptions): CommandHandler {
  return async (target) => {
    const reservation = await pickReservation({
      live,
      now,
      target,
      eligible: isCancellable,
      placeHolder: "Which reservation to cancel",
      none: "You have no reservation that could be cancelled.",
    });
    const why = whyNothingToCancel(reservation, now());
    if (why !== null) {
      void window.showInformationMessage(why);
      return reservation;
    }
    const { title, detail, button } = cancelQuestion(reservation);
    // The editor's own way out reads "Cancel", which beside "Cancel Reservation" could mean either.
    const keep = { title: "Keep It", isCloseAffordance: true };
    const go = { title: button, isCloseAffordance: false };
    const chosen = await window.showWarningMessage(title, { modal: true, detail }, go, keep);
    if (chosen !== go) throw new Dismissed();
    const client = signedInClient(account);
    const params = { reservationId: reservation.id };
    const after = await sendOrAskAgain(
      `Cancelling ${reservation.name}`,
      (signal) => client.call("cancelReservation", { params, signal }),
      { cancellable: false },
    );
    live.put(after);
    void window.showInformationMessage(cancelledSentence(reservation, after));
    return after;
  };
}
