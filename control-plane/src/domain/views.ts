import type { EventType } from "@gpu-dev/shared/api/events.ts";
import type { KeyId, ReservationId, UserId } from "@gpu-dev/shared/ids.ts";
import type { ReservationState } from "@gpu-dev/shared/states.ts";
import type { EventCursor } from "./cursors.ts";
import type { Disk, Reservation } from "./reservation.ts";

// Rows that the store reads for the API: operations return them, presenters map them to JSON.

/** A reservation with its owner and members, as the API shows it. */
export interface ReservationView extends Reservation {
  readonly ownerName: string;
  /** The members of the current or last attempt, by rank. */
  readonly members: readonly MemberView[];
}

export interface MemberView {
  readonly rank: number;
  readonly attempt: number;
  readonly node: string;
  readonly podName: string;
  readonly podIp: string | undefined;
  readonly workspacePath: string | undefined;
  readonly restarts: number;
  readonly gone: boolean;
}

export interface EventRow extends EventCursor {
  readonly ownerId: UserId;
  readonly reservationId: ReservationId | undefined;
  readonly reservationName: string | undefined;
  readonly type: EventType;
  readonly at: Date;
  readonly message: string;
  readonly data: Record<string, unknown>;
}

export interface DiskWithHolder extends Disk {
  readonly heldBy: DiskHolder | undefined;
}

/** The reservation that holds a disk. */
export interface DiskHolder {
  readonly reservationId: ReservationId;
  readonly name: string;
  readonly state: ReservationState;
  readonly expiresAt: Date | undefined;
  readonly capacityUntil: Date | undefined;
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
  readonly userName: string | undefined;
  readonly action: string;
  readonly target: string | undefined;
  readonly outcome: "allowed" | "refused";
  readonly requestId: string;
}
