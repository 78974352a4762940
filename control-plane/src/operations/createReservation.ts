import { randomInt } from "node:crypto";
import type { z } from "zod";
import type { Catalogue, GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import type { createReservation as schema } from "@gpu-dev/shared/api/reservation.ts";
import { formatDuration } from "@gpu-dev/shared/durations.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { pipelined, type Transaction } from "../store/database.ts";
import { appendEvent } from "../store/events.ts";
import { queueNow } from "../store/jobs.ts";
import { listLiveNames } from "../store/reservationQueries.ts";
import { insertReservation } from "../store/reservations.ts";
import { lockUser } from "../store/users.ts";
import { newId } from "../platform/newId.ts";
import type { ReservationView } from "../domain/views.ts";
import type { Principal } from "../domain/principal.ts";
import { Refusal } from "../domain/refusal.ts";
import { checkSpec } from "./checkSpec.ts";
import { holdDisk } from "./disks.ts";

/**
 * Accepts a reservation. From the commit on it exists, queued, it holds its name and its disk, and
 * a plan is due.
 */
export async function createReservation(
  trx: Transaction,
  principal: Principal,
  request: z.output<typeof schema>,
  { catalogue, now }: { readonly catalogue: Catalogue; readonly now: Date },
): Promise<ReservationView> {
  const { name: wantedName, ...spec } = request;
  const type = checkSpec(catalogue, spec);
  // The names are read under the lock.
  const [, taken] = await pipelined(trx, [
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
  const [reservation] = await pipelined(trx, [
    insertReservation(trx, { id, ownerId, name, spec, nodeCount: 1, now }),
    appendEvent(trx, { ownerId, reservationId: id }, now, {
      type: "reservation.queued",
      message: `Requested ${describe(type, spec.gpus)} for ${formatDuration(spec.durationSeconds)}.`,
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

const ADJECTIVES =
  "amber bold brave brisk calm clear coral crisp eager fair fleet gentle glad golden keen kind lively lucid merry mild noble proud quick quiet rapid silver smart steady sunny swift tidy vivid warm wise".split(
    " ",
  );
const ANIMALS =
  "badger bear beaver bison crane deer dolphin eagle egret falcon ferret finch fox gecko hare hawk heron ibex koala lark lemur lynx marten mole newt otter owl panda pika plover puffin raven robin seal stoat swan tern wren yak".split(
    " ",
  );

/** A name that is easy to read and type, like brisk-otter, and that is not in `taken`. */
export function chooseName(taken: readonly string[]): string {
  const pick = (words: readonly string[]): string => words[randomInt(words.length)] ?? "";
  const base = `${pick(ADJECTIVES)}-${pick(ANIMALS)}`;
  let name = base;
  for (let n = 2; taken.includes(name); n += 1) name = `${base}-${String(n)}`;
  return name;
}
