/**
 * The words of a reservation's life. Transitions are the control plane's; these are what everybody
 * sees.
 */
export const RESERVATION_STATES = [
  "queued",
  "starting",
  "ready",
  "stopping",
  "ended",
  "failed",
] as const;
export type ReservationState = (typeof RESERVATION_STATES)[number];

/** Never left again. */
export const TERMINAL: readonly ReservationState[] = ["ended", "failed"];
/** Keeps its name and its disk from everybody else. */
export const LIVE: readonly ReservationState[] = ["queued", "starting", "ready", "stopping"];
/** Can still be cancelled: `stopping` is already on its way out, for the reason that it carries. */
export const CANCELLABLE: readonly ReservationState[] = ["queued", "starting", "ready"];
/** An extension means something only while the lease has not ended. */
export const EXTENDABLE: readonly ReservationState[] = ["starting", "ready"];

export const STARTING_PHASES = [
  "placing",
  "disk",
  "pulling",
  "booting",
  "reachable",
] as const;
export const STOPPING_PHASES = ["closing", "saving-disk", "removing"] as const;
export const PHASES = [...STARTING_PHASES, ...STOPPING_PHASES] as const;
export type StartingPhase = (typeof STARTING_PHASES)[number];
export type StoppingPhase = (typeof STOPPING_PHASES)[number];
export type Phase = (typeof PHASES)[number];

/** Reasons that end well: the terminal state is `ended`. */
export const ENDED_REASONS = ["expired", "cancelled", "released", "idle", "unclaimed"] as const;
/** Reasons that end badly: the terminal state is `failed`. */
export const FAILED_REASONS = [
  "start-failed",
  "node-lost",
  "evicted",
  "interrupted",
  "horizon",
  "crash-loop",
] as const;
export const END_REASONS = [...ENDED_REASONS, ...FAILED_REASONS] as const;
export type EndReason = (typeof END_REASONS)[number];

export function terminalStateFor(reason: EndReason): "ended" | "failed" {
  return (ENDED_REASONS as readonly string[]).includes(reason) ? "ended" : "failed";
}
