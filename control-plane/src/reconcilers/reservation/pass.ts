import type { EndReason } from "@gpu-dev/shared/states.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import type { GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import { findType } from "../../domain/catalogue.ts";
import type { Reservation } from "../../domain/reservation.ts";
import { inTransaction, type Transaction } from "../../store/database.ts";
import { writeReservation, type ReservationChange, type Written } from "../../store/transition.ts";
import type { ReconcileResult, ReconcilerContext } from "../context.ts";

/** `again`: something was written, here or elsewhere; read the row anew and go on. */
export type PassResult = "again" | ReconcileResult;
export type Pass = (context: ReconcilerContext, row: Reservation) => Promise<PassResult>;

export interface Change extends ReservationChange {
  /** Runs in the same transaction, only when the row was written. */
  readonly and?: (trx: Transaction, now: Date) => Promise<unknown>;
}

/** One guarded write in a transaction of its own. A stale row is no error: the pass begins again. */
export async function write(
  { database, clock }: ReconcilerContext,
  row: Reservation,
  { and, ...change }: Change,
): Promise<"again"> {
  const now = clock.now();
  await inTransaction(database, async (trx): Promise<Written> => {
    const written = await writeReservation(trx, row, { ...change, now });
    if (written.outcome === "updated") await and?.(trx, now);
    return written;
  });
  return "again";
}

/** The one way out of every live state: what holds objects or a disk gives them back in `stopping`. */
export async function beginStopping(
  context: ReconcilerContext,
  row: Reservation,
  reason: EndReason,
  detail: string,
): Promise<"again"> {
  context.log.info({ reservationId: row.id, from: row.state, reason }, "reservation is stopping");
  return write(context, row, {
    to: "stopping",
    patch: {
      phase: "closing",
      phaseDetail: null,
      waitingReason: null,
      waitingPosition: null,
      endReason: reason,
      endDetail: detail,
    },
    events: [
      {
        type: "reservation.stopping",
        message: `${asSentence(detail)} ${whatStopsNow(row)}`.trim(),
        data: { reason },
      },
    ],
  });
}

function whatStopsNow({ state, spec }: Reservation): string {
  if (state === "queued") return spec.disk === null ? "" : "Its disk is given back.";
  if (state === "starting") {
    return `Removing what was started${spec.disk === null ? "" : " and giving back its disk"}.`;
  }
  return spec.disk === null
    ? "Closing its sessions; it has no disk, so its files go."
    : "Closing its sessions and saving its disk.";
}

export function typeOf({ catalogue }: ReconcilerContext, row: Reservation): GpuType {
  const type = findType(catalogue, row.gpuType);
  if (!type) {
    throw new Error(
      `the catalogue has no type ${row.gpuType} any more, but reservation ${row.id} is of it; put the type back until its reservations are over`,
    );
  }
  return type;
}

/** Time of day in UTC, for sentences. */
export const clockTime = (at: Date): string => `${at.toISOString().slice(11, 16)} UTC`;
