import { window } from "vscode";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { resources, stateLabel, timeLeftText } from "@gpu-dev/client/text/reservationText.ts";
import type { Target } from "../core/commands.ts";
import { Dismissed } from "../core/errors.ts";
import type { Live } from "../live/live.ts";
import { candidatesFor } from "./candidates.ts";

export interface PickReservationOptions {
  readonly live: Pick<Live, "state" | "refresh">;
  readonly now: () => Date;
  readonly target: Target | undefined;
  /** Which reservations to offer. A target is returned even if it is not eligible. */
  readonly eligible: (reservation: Reservation) => boolean;
  readonly placeHolder: string;
  /** The error message if no reservation is eligible. */
  readonly none: string;
}

/**
 * The reservation that a command acts on: its target, the only eligible one, or the one that the
 * user picks. Throws Dismissed if the user closes the list, and a user-facing error if there is
 * nothing to choose from.
 */
export async function pickReservation(options: PickReservationOptions): Promise<Reservation> {
  const { live, now, target, eligible, placeHolder, none } = options;
  if (live.state.reservations === undefined) await live.refresh();
  const candidates = candidatesFor(live.state, target, eligible);
  switch (candidates.kind) {
    case "one":
      return candidates.reservation;
    case "gone":
      throw new Error(
        "This reservation is no longer in your list. Refresh to see the current reservations.",
      );
    case "none":
      throw new Error(none);
    case "several": {
      const items = candidates.reservations.map((reservation) => ({
        label: reservation.name,
        description: stateLabel(reservation),
        detail: `${resources(reservation)}, ${timeLeftText(reservation, now())}`,
        reservation,
      }));
      const picked = await window.showQuickPick(items, { placeHolder, matchOnDescription: true });
      if (picked === undefined) throw new Dismissed();
      return picked.reservation;
    }
  }
}
