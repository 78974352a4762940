import type { ReservationSpec } from "@gpu-dev/shared/api/reservation.ts";
import type { DiskId, ReservationId, UserId } from "@gpu-dev/shared/ids.ts";
import type { EndReason, Phase, ReservationState } from "@gpu-dev/shared/states.ts";

/** A reservation as it is stored. CHECK constraints state which columns are null in which state. */
export interface Reservation {
  readonly id: ReservationId;
  readonly cluster: string;
  readonly ownerId: UserId;
  readonly name: string;
  /** The accepted request. It never changes. */
  readonly spec: ReservationSpec;
  readonly gpuType: string;
  readonly gpus: number;
  readonly nodeCount: number;
  readonly durationSeconds: number;
  readonly state: ReservationState;
  readonly phase: Phase | undefined;
  readonly phaseDetail: string | undefined;
  readonly waitingReason: string | undefined;
  readonly waitingPosition: number | undefined;
  /** Incremented by every guarded write; a write that expects an older generation has no effect. */
  readonly generation: number;
  /** The current or last attempt; 0 before the first placement. */
  readonly attempt: number;
  readonly hostPublicKey: string | undefined;
  readonly createdAt: Date;
  readonly stateSince: Date;
  readonly phaseSince: Date;
  readonly queuedAt: Date;
  readonly placedAt: Date | undefined;
  readonly readyAt: Date | undefined;
  readonly capacityUntil: Date | undefined;
  readonly expiresAt: Date | undefined;
  readonly cancelRequestedAt: Date | undefined;
  readonly endedAt: Date | undefined;
  readonly endReason: EndReason | undefined;
  readonly endDetail: string | undefined;
  readonly warnedMinutes: number | undefined;
  readonly extendedSeconds: number;
}

/** One start of one member. It holds `units` on `node` until its pod object is observed gone. */
export interface Attempt {
  readonly reservationId: ReservationId;
  readonly rank: number;
  readonly attempt: number;
  readonly node: string;
  /** GPUs, or 1 slot of a CPU type. */
  readonly units: number;
  readonly podName: string;
  readonly podUid: string | undefined;
  readonly restarts: number;
  readonly workspacePath: string | undefined;
  readonly podIp: string | undefined;
  /** When its image pull began to fail; undefined while it does not fail. */
  readonly pullFailingSince: Date | undefined;
  readonly createdAt: Date;
  readonly goneAt: Date | undefined;
}

export interface Disk {
  readonly id: DiskId;
  readonly ownerId: UserId;
  readonly name: string;
  readonly sizeGib: number;
  readonly zone: string | undefined;
  readonly claimName: string;
  readonly claimUid: string | undefined;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | undefined;
}

/**
 * Every change of state. `starting -> queued` is a rescheduling (next attempt). A queued
 * reservation also ends through `stopping`, so that one path releases its disk and removes its
 * objects.
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

// Names of cluster objects are derived, so repeating a creation finds the existing object.

export const secretName = (id: ReservationId): string => `gd-${id}`;
export const serviceName = (id: ReservationId): string => `gd-${id}`;
export const podName = (id: ReservationId, rank: number, attempt: number): string =>
  `gd-${id}-${String(rank)}-${String(attempt)}`;
export const claimName = (id: DiskId): string => `gd-disk-${id}`;
