import type { z } from "zod";
import type { Catalogue, GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import type { createReservation as schema } from "@gpu-dev/shared/api/reservation.ts";
import { formatDuration } from "@gpu-dev/shared/durations.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import type { Transaction } from "../store/database.ts";
import { appendEvent } from "../store/events.ts";
import { queueNow } from "../store/jobs.ts";
import { listLiveNames, type ReservationView } from "../store/reservationQueries.ts";
import { insertReservation } from "../store/reservations.ts";
import { lockUser } from "../store/users.ts";
import { newId } from "../platform/newId.ts";
import type { Principal } from "../domain/principal.ts";
import { Refusal } from "../domain/refusal.ts";
import { checkSpec } from "./checkSpec.ts";
import { chooseName } from "./chooseName.ts";
import { holdDisk } from "./holdDisk.ts";

/** Accepts a reservation: from the commit on it exists, queued, holds its name and its disk, and a plan is due. */
export async function createReservation(
  trx: Transaction,
  principal: Principal,
  request: z.output<typeof schema>,
  { catalogue, now }: { readonly catalogue: Catalogue; readonly now: Date },
): Promise<ReservationView> {
  const { name: wantedName, ...spec } = request;
  const type = checkSpec(catalogue, spec);
  // In this order, in one round trip: the names are read once the lock is held.
  const [, taken] = await Promise.all([
    lockUser(trx, principal.userId),
    listLiveNames(trx, principal.userId),
  ]);
  checkLimit(taken.length, catalogue.maxLivePerUser);
  if (wantedName !== undefined && taken.includes(wantedName)) {
    throw new Refusal(
      "name_taken",
      `You already have a reservation named "${wantedName}" that has not ended. Choose another name, or cancel that one first.`,
      { errors: [{ path: "body.name", message: "in use by another reservation of yours" }] },
    );
  }
  const id = newId<ReservationId>();
  const ownerId = principal.userId;
  const name = wantedName ?? chooseName(taken);
  const [reservation] = await Promise.all([
    insertReservation(trx, { id, ownerId, name, spec, nodeCount: 1, now }),
    appendEvent(trx, { ownerId, reservationId: id }, now, {
      type: "reservation.queued",
      message: `Asked for ${describe(type, spec.gpus)} for ${formatDuration(spec.durationSeconds)}.`,
      data: { gpuType: spec.gpuType, gpus: spec.gpus, durationSeconds: spec.durationSeconds },
    }),
    queueNow(trx, "plan", spec.gpuType),
  ]);
  if (spec.disk !== null) {
    const sizeGib = catalogue.disks.defaultSizeGib;
    await holdDisk(trx, reservation, { name: spec.disk, sizeGib, now });
  }
  return { ...reservation, ownerName: principal.name, members: [] };
}

function checkLimit(live: number, limit: number): void {
  if (live < limit) return;
  throw new Refusal(
    "quota_exceeded",
    `You have ${String(live)} reservations that have not ended; ${String(limit)} is the limit. Cancel one first.`,
  );
}

function describe(type: GpuType, gpus: number): string {
  return type.kind === "cpu" ? type.title : `${String(gpus)} x ${type.title}`;
}
