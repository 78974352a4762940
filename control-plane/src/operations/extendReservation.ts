import type { Catalogue } from "@gpu-dev/shared/api/catalogue.ts";
import { addSeconds, formatDuration } from "@gpu-dev/shared/durations.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { EXTENDABLE } from "@gpu-dev/shared/states.ts";
import { clockTime } from "../domain/clockTime.ts";
import { extendableSeconds } from "../domain/leaseTime.ts";
import type { Reservation } from "../domain/reservation.ts";
import { readDatabaseTime, type Transaction } from "../store/database.ts";
import { queueNow } from "../store/jobs.ts";
import { lockReservation } from "../store/reservations.ts";
import { writeReservation } from "../store/transition.ts";
import type { Viewer } from "../domain/principal.ts";
import type { ReservationView } from "../domain/views.ts";
import { Refusal } from "../domain/refusal.ts";
import { findReservationFor } from "./readReservations.ts";

/**
 * Moves the end of the lease by exactly `seconds`. The checks use database time that is read after
 * the row is locked: if an extension and an expiry race, the first to lock wins and the other one
 * sees its outcome.
 */
export async function extendReservation(
  trx: Transaction,
  viewer: Viewer,
  request: { readonly id: ReservationId; readonly seconds: number },
  catalogue: Catalogue,
): Promise<ReservationView> {
  await findReservationFor(trx, viewer, request.id);
  const reservation = await lockReservation(trx, request.id);
  if (!reservation)
    throw new Error(
      "the reservation was read but cannot be locked, although rows are never deleted",
    );
  const now = await readDatabaseTime(trx);
  checkState(reservation, now);
  checkTotal(reservation, request.seconds, { catalogue, now });
  const expiresAt = reservation.expiresAt && addSeconds(reservation.expiresAt, request.seconds);
  const written = await writeReservation(trx, reservation, {
    patch: {
      expiresAt,
      capacityUntil:
        reservation.capacityUntil && addSeconds(reservation.capacityUntil, request.seconds),
      extendedSeconds: reservation.extendedSeconds + request.seconds,
      // The warnings so far belong to the old end; they are repeated before the new one.
      warnedMinutes: undefined,
    },
    events: [
      {
        type: "reservation.extended",
        message: describe(request.seconds, expiresAt, now),
        data: { seconds: request.seconds, expiresAt: expiresAt?.toISOString() ?? null },
      },
    ],
    now,
  });
  if (written.outcome !== "updated")
    throw new Error("a locked reservation was changed by another transaction");
  await queueNow(trx, "reservation", request.id);
  return findReservationFor(trx, viewer, request.id);
}

function checkState(reservation: Reservation, now: Date): void {
  const refuse = (problem: string): never => {
    throw new Refusal("state_conflict", `The reservation "${reservation.name}" ${problem}`);
  };
  if (reservation.cancelRequestedAt !== undefined)
    refuse("was cancelled, so it cannot be extended.");
  if (reservation.state === "queued") {
    refuse(
      "has not started yet. Extend it once it has started, or cancel it and request a longer time.",
    );
  }
  if (!EXTENDABLE.includes(reservation.state))
    refuse(`is ${reservation.state}, so it cannot be extended. Reserve again.`);
  if (reservation.expiresAt !== undefined && reservation.expiresAt <= now) {
    refuse(
      `ended at ${clockTime(reservation.expiresAt, now)}, just before this request. Reserve again.`,
    );
  }
}

function checkTotal(
  reservation: Reservation,
  seconds: number,
  { catalogue, now }: { readonly catalogue: Catalogue; readonly now: Date },
): void {
  const remaining = extendableSeconds(reservation, catalogue);
  if (seconds <= remaining) return;
  const latest = reservation.expiresAt && addSeconds(reservation.expiresAt, remaining);
  const total = formatDuration(
    reservation.durationSeconds + reservation.extendedSeconds + remaining,
  );
  const end = latest ? ` The latest possible end is ${clockTime(latest, now)}.` : "";
  const next =
    remaining === 0
      ? "It cannot be extended further."
      : `Extend it by ${formatDuration(remaining)} at most.`;
  throw new Refusal(
    "extension_refused",
    `A reservation of ${reservation.gpuType} lasts ${total} in total, extensions included. ${next}${end}`,
  );
}

function describe(seconds: number, expiresAt: Date | undefined, now: Date): string {
  const by = `Extended by ${formatDuration(seconds)}`;
  return expiresAt ? `${by}: it ends at ${clockTime(expiresAt, now)}.` : `${by}.`;
}
