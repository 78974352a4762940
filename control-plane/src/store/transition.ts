import { type Reservation, canMove } from "../domain/reservation.ts";
import type { ReservationState } from "@gpu-dev/shared/states.ts";
import { type Transaction, firstRow } from "./database.ts";
import type { NewEvent } from "./events.ts";
import { RESERVATION_COLUMNS } from "./reservations.ts";

/**
 * Columns that a guarded write may set in addition to the state. A missing key leaves its column
 * unchanged; a key with the value undefined sets it to null.
 */
export interface ReservationPatch {
  readonly phase?: Reservation["phase"];
  readonly phaseDetail?: string | undefined;
  readonly waitingReason?: string | undefined;
  readonly waitingPosition?: number | undefined;
  readonly attempt?: number;
  readonly hostPublicKey?: string;
  readonly queuedAt?: Date;
  readonly placedAt?: Date | undefined;
  readonly readyAt?: Date | undefined;
  readonly capacityUntil?: Date | undefined;
  readonly expiresAt?: Date | undefined;
  readonly endedAt?: Date;
  readonly endReason?: Reservation["endReason"];
  readonly endDetail?: string | undefined;
  readonly warnedMinutes?: number | undefined;
  readonly extendedSeconds?: number;
  readonly cancelRequestedAt?: Date;
}

export interface ReservationChange {
  readonly to?: ReservationState;
  readonly patch?: ReservationPatch;
  readonly events?: readonly NewEvent[];
}

export type Written =
  | { readonly outcome: "updated"; readonly reservation: Reservation }
  /** Another writer changed the row first. This is normal: stop and re-read. */
  | { readonly outcome: "stale" }
  | { readonly outcome: "missing" };

const COLUMN: Record<keyof ReservationPatch, string> = {
  phase: "phase",
  phaseDetail: "phase_detail",
  waitingReason: "waiting_reason",
  waitingPosition: "waiting_position",
  attempt: "attempt",
  hostPublicKey: "host_public_key",
  queuedAt: "queued_at",
  placedAt: "placed_at",
  readyAt: "ready_at",
  capacityUntil: "capacity_until",
  expiresAt: "expires_at",
  endedAt: "ended_at",
  endReason: "end_reason",
  endDetail: "end_detail",
  warnedMinutes: "warned_minutes",
  extendedSeconds: "extended_seconds",
  cancelRequestedAt: "cancel_requested_at",
};

/**
 * The one function that writes a reservation, except for the waiting reason and position, which a
 * plan overwrites (`writeWaiting`, ADR 1). It succeeds only when the row is still in the state and
 * generation of `expected`, raises the generation, and appends the events in the same statement.
 */
export async function writeReservation(
  trx: Transaction,
  expected: Pick<Reservation, "id" | "state" | "generation">,
  change: ReservationChange & { readonly now: Date },
): Promise<Written> {
  const to = change.to ?? expected.state;
  if (to !== expected.state && !canMove(expected.state, to)) {
    throw new Error(`a reservation cannot change from ${expected.state} to ${to}`);
  }
  const patch = Object.entries(change.patch ?? {}) as [
    keyof ReservationPatch,
    string | number | Date | undefined,
  ][];
  const set = [
    "state = :to",
    "generation = generation + 1",
    ...patch.map(([key]) => `${COLUMN[key]} = :${key}`),
  ];
  if (to !== expected.state) set.push("state_since = :now");
  const isPhaseNamed = change.patch !== undefined && "phase" in change.patch;
  if (to !== expected.state || isPhaseNamed) set.push("phase_since = :now");
  const reservation = await firstRow<Reservation>(
    trx,
    `with written as (
       update reservations set ${set.join(", ")}
       where id = :id and state = :from and generation = :generation
       returning *),
     recorded as (
       insert into events (owner_id, reservation_id, type, at, message, data)
       select w.owner_id, w.id, e.type, cast(:now as timestamptz), e.message, coalesce(e.data, '{}')
       from written w, jsonb_to_recordset(cast(:events as jsonb)) as e(type text, message text, data jsonb))
     select ${RESERVATION_COLUMNS} from written`,
    {
      ...Object.fromEntries(patch),
      to,
      now: change.now,
      id: expected.id,
      from: expected.state,
      generation: expected.generation,
      events: JSON.stringify(change.events ?? []),
    },
  );
  if (reservation) return { outcome: "updated", reservation };
  const exists = await firstRow(trx, "select 1 from reservations where id = ?", [expected.id]);
  return { outcome: exists ? "stale" : "missing" };
}
