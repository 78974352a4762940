import type { DiskId } from "@gpu-dev/shared/ids.ts";
import { clockTime } from "../domain/clockTime.ts";
import { claimName, type Disk, type Reservation } from "../domain/reservation.ts";
import type { DiskHolder, DiskWithHolder } from "../domain/views.ts";
import type { Queryable, Transaction } from "../store/database.ts";
import { attachDisk, findHolder, insertDisk, listDisks, lockDisk } from "../store/disks.ts";
import { appendEvent } from "../store/events.ts";
import { newId } from "../platform/newId.ts";
import type { Principal } from "../domain/principal.ts";
import { Refusal } from "../domain/refusal.ts";

export async function readDisks(db: Queryable, principal: Principal): Promise<DiskWithHolder[]> {
  return listDisks(db, principal.userId);
}

/**
 * Attaches the named disk to a new reservation, and creates the disk if the owner has none of this
 * name. Of two callers, the disk's row lock makes one wait, which is then refused.
 */
export async function holdDisk(
  trx: Transaction,
  reservation: Pick<Reservation, "id" | "ownerId">,
  request: { readonly name: string; readonly sizeGib: number; readonly now: Date },
): Promise<void> {
  const disk = await lockOrCreate(trx, reservation, request);
  const holder = await findHolder(trx, disk.id);
  if (holder) throw new Refusal("disk_in_use", describeHolder(disk.name, holder, request.now));
  await attachDisk(trx, { diskId: disk.id, reservationId: reservation.id, now: request.now });
}

async function lockOrCreate(
  trx: Transaction,
  { id: reservationId, ownerId }: Pick<Reservation, "id" | "ownerId">,
  { name, sizeGib, now }: { readonly name: string; readonly sizeGib: number; readonly now: Date },
): Promise<Disk> {
  const existing = await lockDisk(trx, ownerId, name);
  if (existing) return existing;
  const id = newId<DiskId>();
  const created = await insertDisk(trx, {
    id,
    ownerId,
    name,
    sizeGib,
    claimName: claimName(id),
    now,
  });
  if (created) {
    await appendEvent(trx, { ownerId, reservationId }, now, {
      type: "disk.created",
      message: `You have no disk named "${name}" yet: an empty one of ${String(sizeGib)} GiB is created when the reservation starts.`,
      data: { disk: name, sizeGib },
    });
    return created;
  }
  // Another request created it between the two statements.
  const concurrent = await lockDisk(trx, ownerId, name);
  if (!concurrent) throw new Error(`disk ${name} exists and cannot be read`);
  return concurrent;
}

function describeHolder(disk: string, holder: DiskHolder, now: Date): string {
  const until = holder.expiresAt ?? holder.capacityUntil;
  const usage =
    until === undefined
      ? `which is ${holder.state} and has no end yet`
      : `which is ${holder.state} and holds it until ${clockTime(until, now)}`;
  return `The disk "${disk}" is held by your reservation "${holder.name}", ${usage}. Cancel that one, wait for it to end, or name another disk.`;
}
