import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { CANCELLABLE } from "@gpu-dev/shared/states.ts";
import type { Transaction } from "../store/database.ts";
import { queueNow } from "../store/jobs.ts";
import { lockReservation } from "../store/reservations.ts";
import { writeReservation } from "../store/transition.ts";
import type { Principal, Viewer } from "../domain/principal.ts";
import type { ReservationView } from "../domain/views.ts";
import { findReservationFor } from "./readReservations.ts";

/**
 * Records the request to end a reservation; its reconciler does the rest. Cancelling again changes
 * nothing, nor does cancelling a reservation that is stopping or has ended.
 */
export async function cancelReservation(
  trx: Transaction,
  { principal, viewer }: { readonly principal: Principal; readonly viewer: Viewer },
  id: ReservationId,
  now: Date,
): Promise<ReservationView> {
  await findReservationFor(trx, viewer, id);
  const reservation = await lockReservation(trx, id);
  if (
    reservation &&
    CANCELLABLE.includes(reservation.state) &&
    reservation.cancelRequestedAt === undefined
  ) {
    const byOwner = reservation.ownerId === principal.userId;
    await writeReservation(trx, reservation, {
      patch: { cancelRequestedAt: now },
      events: [
        {
          type: "reservation.cancel-requested",
          message: byOwner
            ? "You cancelled it."
            : `${principal.name} (${principal.role}) cancelled it.`,
          data: { by: principal.name },
        },
      ],
      now,
    });
    await queueNow(trx, "reservation", id);
  }
  return findReservationFor(trx, viewer, id);
}
