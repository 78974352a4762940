/** The states of a reservation on the wire. The control plane defines the transitions. */
export const RESERVATION_STATES = [
  "queued",
  "starting",
  "ready",
  "stopping",
  "ended",
  "failed",
] as const;
export type ReservationState = (typeof RESERVATION_STATES)[number];

/** Terminal states are never left. */
export const TERMINAL: readonly ReservationState[] = ["ended", "failed"];
/** States in which a reservation holds its name and its disk. */
export const LIVE: readonly ReservationState[] = ["queued", "starting", "ready", "stopping"];
/** States that can be cancelled. A `stopping` reservation is already ending, for its own reason. */
export const CANCELLABLE: readonly ReservationState[] = ["queued", "starting", "ready"];
/** States that can be extended: the lease has not ended. */
export const EXTENDABLE: readonly ReservationState[] = ["starting", "ready"];

export const STARTING_PHASES = ["placing", "disk", "pulling", "booting"] as const;
export const STOPPING_PHASES = ["closing", "saving-disk", "removing"] as const;
export const PHASES = [...STARTING_PHASES, ...STOPPING_PHASES] as const;
export type StartingPhase = (typeof STARTING_PHASES)[number];
export type StoppingPhase = (typeof STOPPING_PHASES)[number];
export type Phase = (typeof PHASES)[number];

/** Reasons of a normal end: the terminal state is `ended`. */
export const ENDED_REASONS = ["expired", "cancelled"] as const;
/** Reasons of a failure: the terminal state is `failed`. */
export const FAILED_REASONS = [
  "start-failed",
  "node-lost",
  "evicted",
  "horizon",
  "crash-loop",
] as const;
export const END_REASONS = [...ENDED_REASONS, ...FAILED_REASONS] as const;
export type EndReason = (typeof END_REASONS)[number];

export function terminalStateFor(reason: EndReason): "ended" | "failed" {
  return (ENDED_REASONS as readonly string[]).includes(reason) ? "ended" : "failed";
}
