import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import type { Target } from "../core/commands.ts";
import type { LiveState } from "../live/stateKeeper.ts";

export type Candidates =
  /** The target of the command, or the only eligible reservation. */
  | { readonly kind: "one"; readonly reservation: Reservation }
  | { readonly kind: "several"; readonly reservations: readonly Reservation[] }
  | { readonly kind: "none" }
  /** The target of the command is no longer in the list. */
  | { readonly kind: "gone" };

/**
 * The reservations that a command may act on. The target is returned even if it is not eligible,
 * because the command can best explain why. A disk stands for the reservation that holds it.
 */
export function candidatesFor(
  state: Pick<LiveState, "reservations" | "disks">,
  target: Target | undefined,
  eligible: (reservation: Reservation) => boolean,
): Candidates {
  const all = state.reservations ?? [];
  const id = targetId(state, target);
  if (id === undefined && target?.kind === "disk") return { kind: "none" };
  if (id !== undefined) {
    const reservation = all.find((each) => each.id === id);
    return reservation === undefined ? { kind: "gone" } : { kind: "one", reservation };
  }
  const reservations = all.filter(eligible);
  const [first] = reservations;
  if (first === undefined) return { kind: "none" };
  return reservations.length === 1
    ? { kind: "one", reservation: first }
    : { kind: "several", reservations };
}

function targetId(state: Pick<LiveState, "disks">, target: Target | undefined): string | undefined {
  if (target?.kind === "reservation") return target.id;
  if (target?.kind !== "disk") return undefined;
  return state.disks?.find((disk) => disk.name === target.name)?.heldBy?.reservationId;
}
