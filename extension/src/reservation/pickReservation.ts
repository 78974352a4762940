import { window } from "vscode";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { resources, stateWords, timeLeftWords } from "@gpu-dev/client/text/reservationText.ts";
import { Dismissed } from "../core/errors.ts";
import type { Target } from "../core/commands.ts";
import type { Live } from "../live/liveState.ts";
import { candidatesFor } from "./candidates.ts";

export interface PickReservation {
  readonly live: Pick<Live, "state" | "refresh">;
  readonly now: () => Date;
  readonly target: Target | null;
  /** Which ones to offer. The target's own is answered whether it is one of them or not. */
  readonly eligible: (reservation: Reservation) => boolean;
  readonly placeHolder: string;
  /** A sentence that says what to do when there is none to choose from. */
  readonly none: string;
}

/**
 * The reservation that a command is about: the target's own, the only eligible one, or one that the user picks.
 * Throws Dismissed when the pick is closed, and an error with a sentence for people when there is none.
 */
export async function pickReservation(options: PickReservation): Promise<Reservation> {
  const { live, now, target, eligible, placeHolder, none } = options;
  if (live.state.reservations === null) await live.refresh();
  const candidates = candidatesFor(live.state, target, eligible);
  switch (candidates.kind) {
    case "one":
      return candidates.reservation;
    case "gone":
      throw new Error("This reservation is not in your list any more. Refresh to see what is.");
    case "none":
      throw new Error(none);
    case "several": {
      const items = candidates.reservations.map((reservation) => ({
        label: reservation.name,
        description: stateWords(reservation),
        detail: `${resources(reservation)}, ${timeLeftWords(reservation, now())}`,
        reservation,
      }));
      const picked = await window.showQuickPick(items, { placeHolder, matchOnDescription: true });
      if (picked === undefined) throw new Dismissed();
      return picked.reservation;
    }
  }
}
