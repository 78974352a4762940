import type { ReservationId, UserId } from "@gpu-dev/shared/ids.ts";
import type { Reservation } from "../domain/reservation.ts";
import { firstRow, type Queryable } from "./database.ts";

/** The columns of a `Reservation`, in the names of the code. */
export const RESERVATION_COLUMNS = `
  id, cluster, owner_id as "ownerId", name, spec, gpu_type as "gpuType", gpus, node_count as "nodeCount",
  duration_seconds as "durationSeconds", state, phase, phase_detail as "phaseDetail",
  waiting_reason as "waitingReason", waiting_position as "waitingPosition", generation, attempt,
  host_public_key as "hostPublicKey", created_at as "createdAt", state_since as "stateSince",
  phase_since as "phaseSince", queued_at as "queuedAt", placed_at as "placedAt", ready_at as "readyAt",
  capacity_until as "capacityUntil", expires_at as "expiresAt", cancel_requested_at as "cancelRequestedAt",
  ended_at as "endedAt", end_reason as "endReason", end_detail as "endDetail",
  warned_minutes as "warnedMinutes", extended_seconds as "extendedSeconds"`;

export async function findReservation(
  db: Queryable,
  id: ReservationId,
): Promise<Reservation | undefined> {
  return firstRow<Reservation>(db, `select ${RESERVATION_COLUMNS} from reservations where id = ?`, [
    id,
  ]);
}

/**
 * Locks the row until the transaction ends. Use it only in short transactions that call nothing but
 * the database.
 */
export async function lockReservation(
  db: Queryable,
  id: ReservationId,
): Promise<Reservation | undefined> {
  return firstRow<Reservation>(
    db,
    `select ${RESERVATION_COLUMNS} from reservations where id = ? for update`,
    [id],
  );
}

export async function insertReservation(
  db: Queryable,
  reservation: {
    readonly id: ReservationId;
    readonly ownerId: UserId;
    readonly name: string;
    readonly spec: Reservation["spec"];
    readonly nodeCount: number;
    readonly now: Date;
  },
): Promise<Reservation> {
  const row = await firstRow<Reservation>(
    db,
    `insert into reservations (id, owner_id, name, spec, gpu_type, gpus, node_count, duration_seconds, state,
       created_at, state_since, phase_since, queued_at)
     values (:id, :ownerId, :name, :spec, :gpuType, :gpus, :nodeCount, :durationSeconds, 'queued', :now, :now, :now, :now)
     returning ${RESERVATION_COLUMNS}`,
    {
      id: reservation.id,
      ownerId: reservation.ownerId,
      name: reservation.name,
      spec: JSON.stringify(reservation.spec),
      gpuType: reservation.spec.gpuType,
      gpus: reservation.spec.gpus,
      nodeCount: reservation.nodeCount,
      durationSeconds: reservation.spec.durationSeconds,
      now: reservation.now,
    },
  );
  if (!row) throw new Error("insert returned no row");
  return row;
}
