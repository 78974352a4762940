import type { DiskId } from "@gpu-dev/shared/ids.ts";
import { claimName } from "../domain/objectNames.ts";
import type { Disk, Reservation } from "../domain/reservation.ts";
import { attachDisk, findHolder } from "../store/attachments.ts";
import type { Transaction } from "../store/database.ts";
import { insertDisk, lockDisk, type DiskHolder } from "../store/disks.ts";
import { appendEvent } from "../store/events.ts";
import { newId } from "../platform/newId.ts";
import { Refusal } from "../domain/refusal.ts";

/**
 * Gives the named disk to a new reservation, making it when the owner has none of this name. The disk's row lock
 * makes one of two callers wait, and refuses it with the other one's name.
 */
export async function holdDisk(
  trx: Transaction,
  reservation: Pick<Reservation, "id" | "ownerId">,
  wanted: { readonly name: string; readonly sizeGib: number; readonly now: Date },
): Promise<void> {
  const disk = await lockOrCreate(trx, reservation, wanted);
  const holder = await findHolder(trx, disk.id);
  if (holder) throw new Refusal("disk_in_use", describeHolder(disk.name, holder));
  await attachDisk(trx, { diskId: disk.id, reservationId: reservation.id, now: wanted.now });
}

async function lockOrCreate(
  trx: Transaction,
  { id: reservationId, ownerId }: Pick<Reservation, "id" | "ownerId">,
  { name, sizeGib, now }: { readonly name: string; readonly sizeGib: number; readonly now: Date },
): Promise<Disk> {
  const known = await lockDisk(trx, ownerId, name);
  if (known) return known;
  const id = newId<DiskId>();
  const made = await insertDisk(trx, { id, ownerId, name, sizeGib, claimName: claimName(id), now });
  if (made) {
    await appendEvent(trx, { ownerId, reservationId }, now, {
      type: "disk.created",
      message: `You had no disk named "${name}", so a new, empty one of ${String(sizeGib)} GiB was made.`,
      data: { disk: name, sizeGib },
    });
    return made;
  }
  // Made by another request between the two statements.
  const theirs = await lockDisk(trx, ownerId, name);
  if (!theirs) throw new Error(`the disk ${name} was there and is gone`);
  return theirs;
}

function describeHolder(disk: string, holder: DiskHolder): string {
  const until = holder.expiresAt ?? holder.capacityUntil;
  const how =
    until === null
      ? `which is ${holder.state} and has no end yet`
      : `which is ${holder.state} and holds it until ${until.toISOString().slice(0, 16).replace("T", " ")} UTC`;
  return `The disk "${disk}" is held by your reservation "${holder.name}", ${how}. Cancel that one, wait for it to end, or name another disk.`;
}
