import type { DiskId, ReservationId } from "@gpu-dev/shared/ids.ts";
import { firstRow, type Queryable, type Transaction } from "./database.ts";
import type { DiskHolder } from "./disks.ts";

/** Who holds the disk now. */
export async function findHolder(db: Queryable, diskId: DiskId): Promise<DiskHolder | undefined> {
  return firstRow<DiskHolder>(
    db,
    `select r.id as "reservationId", r.name, r.state, r.expires_at as "expiresAt",
       r.capacity_until as "capacityUntil"
     from attachments a join reservations r on r.id = a.reservation_id
     where a.disk_id = ? and a.released_at is null`,
    [diskId],
  );
}

/** Gives the disk to a reservation under the next fencing token. The caller holds the disk's row lock. */
export async function attachDisk(
  trx: Transaction,
  attachment: {
    readonly diskId: DiskId;
    readonly reservationId: ReservationId;
    readonly now: Date;
  },
): Promise<void> {
  await firstRow(
    trx,
    `with fenced as (update disks set fence = fence + 1 where id = :diskId returning id, fence)
     insert into attachments (disk_id, reservation_id, fence, attached_at)
     select id, :reservationId, fence, :now from fenced
     returning fence`,
    { ...attachment },
  );
}
