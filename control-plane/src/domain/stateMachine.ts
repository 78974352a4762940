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

export function canMove(from: ReservationState, to: ReservationState): boolean {
  return (TRANSITIONS[from] as readonly ReservationState[]).includes(to);
}
