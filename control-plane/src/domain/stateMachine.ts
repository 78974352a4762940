import type { ReservationState } from "@gpu-dev/shared/states.ts";

/**
 * Every change of state that there is. `starting -> queued` is a re-placement (next attempt); a queued
 * reservation ends through `stopping` too, so that one path releases its disk and removes its objects.
 */
export const TRANSITIONS = {
  queued: ["starting", "stopping"],
  starting: ["queued", "ready", "stopping"],
  ready: ["stopping"],
  stopping: ["ended", "failed"],
  ended: [],
  failed: [],
} as const satisfies Record<ReservationState, readonly ReservationState[]>;

/** Its pods may exist, so its GPUs may be held. */
export const HOLDS_CAPACITY: readonly ReservationState[] = ["starting", "ready", "stopping"];

export function canMove(from: ReservationState, to: ReservationState): boolean {
  return (TRANSITIONS[from] as readonly ReservationState[]).includes(to);
}
