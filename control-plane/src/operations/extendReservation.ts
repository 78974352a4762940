import type { Catalogue } from "@gpu-dev/shared/api/catalogue.ts";
import { formatDuration } from "@gpu-dev/shared/durations.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { EXTENDABLE } from "@gpu-dev/shared/states.ts";
import type { Reservation } from "../domain/reservation.ts";
import { readDatabaseTime, type Transaction } from "../store/database.ts";
import { queueNow } from "../store/jobs.ts";
import { lockReservation } from "../store/reservations.ts";
import { writeReservation } from "../store/transition.ts";
import type { Viewer } from "../domain/principal.ts";
import { Refusal } from "../domain/refusal.ts";
import { findReservationFor, type ReservationView } from "./findReservation.ts";

/**
 * Moves the end of the lease by exactly `seconds`. Judged by the database's time, read after the row was locked:
 * of an extension and an expiry that race, the one that locks first decides, and the other sees its outcome.
 */
export async function extendReservation(
  trx: Transaction,
  viewer: Viewer,
  wish: { readonly id: ReservationId; readonly seconds: number },
  catalogue: Catalogue,
): Promise<ReservationView> {
  await findReservationFor(trx, viewer, wish.id);
  const seen = await lockReservation(trx, wish.id);
  if (!seen) throw new Error("a reservation vanished; rows are never deleted");
  const now = await readDatabaseTime(trx);
  checkState(seen, now);
  checkTotal(seen, wish.seconds, catalogue);
  const expiresAt = later(seen.expiresAt, wish.seconds);
  const written = await writeReservation(trx, seen, {
    patch: {
      expiresAt,
      capacityUntil: later(seen.capacityUntil, wish.seconds),
      extendedSeconds: seen.extendedSeconds + wish.seconds,
      // The warnings belong to the end that was: they come again before the new one.
      warnedMinutes: null,
    },
    events: [
      {
        type: "reservation.extended",
        message: describe(wish.seconds, expiresAt),
        data: { seconds: wish.seconds, expiresAt: expiresAt?.toISOString() ?? null },
      },
    ],
    now,
  });
  if (written.outcome !== "updated") throw new Error("a locked reservation changed under its lock");
  await queueNow(trx, "reservation", wish.id);
  return findReservationFor(trx, viewer, wish.id);
}

/** The seconds that a reservation could still be extended by. */
export function extendableSeconds(
  reservation: Pick<Reservation, "gpuType" | "durationSeconds" | "extendedSeconds">,
  catalogue: Catalogue,
): number {
  const type = catalogue.types.find(({ id }) => id === reservation.gpuType);
  const total = reservation.durationSeconds + reservation.extendedSeconds;
  return Math.max(0, (type?.limits.maxSeconds ?? total) - total);
}

function checkState(seen: Reservation, now: Date): void {
  const refuse = (why: string): never => {
    throw new Refusal("state_conflict", `The reservation "${seen.name}" ${why}`);
  };
  if (seen.cancelRequestedAt !== null) refuse("was cancelled, so it cannot be extended.");
  if (seen.state === "queued") {
    refuse("has not started yet. Extend it when it has, or cancel it and ask for longer.");
  }
  if (!EXTENDABLE.includes(seen.state))
    refuse(`is ${seen.state}, so it cannot be extended. Reserve again.`);
  if (seen.expiresAt !== null && seen.expiresAt <= now) {
    refuse(`ended at ${clockTime(seen.expiresAt)}, just before this request. Reserve again.`);
  }
}

function checkTotal(seen: Reservation, seconds: number, catalogue: Catalogue): void {
  const left = extendableSeconds(seen, catalogue);
  if (seconds <= left) return;
  const latest = later(seen.expiresAt, left);
  const total = formatDuration(seen.durationSeconds + seen.extendedSeconds + left);
  const end = latest ? ` The latest possible end is ${clockTime(latest)}.` : "";
  const next =
    left === 0 ? "It has all of that already." : `Extend it by ${formatDuration(left)} at most.`;
  throw new Refusal(
    "extension_refused",
    `A reservation of ${seen.gpuType} lasts ${total} in total, extensions included. ${next}${end}`,
  );
}

function describe(seconds: number, expiresAt: Date | null): string {
  const by = `Extended by ${formatDuration(seconds)}`;
  return expiresAt ? `${by}: it ends at ${clockTime(expiresAt)}.` : `${by}.`;
}

function later(at: Date | null, seconds: number): Date | null {
  return at && new Date(at.getTime() + seconds * 1_000);
}

function clockTime(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
