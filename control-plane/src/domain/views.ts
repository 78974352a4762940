import type { EventType } from "@gpu-dev/shared/api/events.ts";
import type { KeyId, ReservationId, UserId } from "@gpu-dev/shared/ids.ts";
import type { ReservationState } from "@gpu-dev/shared/states.ts";
import type { EventCursor } from "./cursors.ts";
import type { Disk, Reservation } from "./reservation.ts";

// What the store reads for the API: operations return these, presenters map them to JSON.

/** A reservation with what is shown next to it. */
export interface ReservationView extends Reservation {
  readonly ownerName: string;
  /** Of the attempt that runs or ran last, by rank. */
  readonly members: readonly MemberView[];
}

export interface MemberView {
  readonly rank: number;
  readonly attempt: number;
  readonly node: string;
  readonly podName: string;
  readonly podIp: string | null;
  readonly workspacePath: string | null;
  readonly restarts: number;
  readonly gone: boolean;
}

export interface EventRow extends EventCursor {
  readonly ownerId: UserId;
  readonly reservationId: ReservationId | null;
  readonly reservationName: string | null;
  readonly type: EventType;
  readonly at: Date;
  readonly message: string;
  readonly data: Record<string, unknown>;
}

export interface DiskWithHolder extends Disk {
  readonly heldBy: DiskHolder | null;
}

/** The reservation that holds a disk. */
export interface DiskHolder {
  readonly reservationId: ReservationId;
  readonly name: string;
  readonly state: ReservationState;
  readonly expiresAt: Date | null;
  readonly capacityUntil: Date | null;
}

export interface SshKeyRow {
  readonly id: KeyId;
  readonly publicKey: string;
  readonly fingerprint: string;
  readonly comment: string;
  readonly createdAt: Date;
}

export interface AuditRow {
  readonly id: number;
  readonly at: Date;
  readonly userName: string | null;
  readonly action: string;
  readonly target: string | null;
  readonly outcome: "allowed" | "refused";
  readonly requestId: string;
}
