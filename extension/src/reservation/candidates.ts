import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import type { Target } from "../core/commands.ts";
import type { LiveState } from "../live/liveState.ts";

export type Candidates =
  /** The one that the command was called on, or the only one that it could be about. */
  | { readonly kind: "one"; readonly reservation: Reservation }
  | { readonly kind: "several"; readonly reservations: readonly Reservation[] }
  | { readonly kind: "none" }
  /** The command was called on a reservation that is not in the list any more. */
  | { readonly kind: "gone" };

/**
 * Which reservations a command can be about. The target's own is taken though it is not eligible: the command
 * knows best what to say of it. A disk stands for the reservation that holds it.
 */
export function candidatesFor(
  state: Pick<LiveState, "reservations" | "disks">,
  target: Target | null,
  eligible: (reservation: Reservation) => boolean,
): Candidates {
  const all = state.reservations ?? [];
  const id = ownId(state, target);
  if (id === null && target?.kind === "disk") return { kind: "none" };
  if (id !== null) {
    const reservation = all.find((one) => one.id === id);
    return reservation === undefined ? { kind: "gone" } : { kind: "one", reservation };
  }
  const reservations = all.filter(eligible);
  const [first] = reservations;
  if (first === undefined) return { kind: "none" };
  return reservations.length === 1
    ? { kind: "one", reservation: first }
    : { kind: "several", reservations };
}

function ownId(state: Pick<LiveState, "disks">, target: Target | null): string | null {
  if (target?.kind === "reservation") return target.id;
  if (target?.kind !== "disk") return null;
  return state.disks?.find((disk) => disk.name === target.name)?.heldBy?.reservationId ?? null;
}
