import type { DiskId, ReservationId } from "@gpu-dev/shared/ids.ts";
import type { Disk } from "../domain/reservation.ts";
import { firstRow, type Queryable } from "./database.ts";

/** The disk that a reservation holds, from its creation until its pod is seen gone. */
export async function findAttachedDisk(
  db: Queryable,
  id: ReservationId,
): Promise<Disk | undefined> {
  return firstRow<Disk>(
    db,
    `select d.id, d.owner_id as "ownerId", d.name, d.size_gib as "sizeGib", d.zone, d.claim_name as "claimName",
       d.claim_uid as "claimUid", d.fence, d.created_at as "createdAt", d.last_used_at as "lastUsedAt"
     from attachments a join disks d on d.id = a.disk_id
     where a.reservation_id = ? and a.released_at is null`,
    [id],
  );
}

/** The claim that holds the disk's data. Once written it never changes: another UID would be another, empty disk. */
export async function recordClaim(db: Queryable, disk: DiskId, claimUid: string): Promise<boolean> {
  const row = await firstRow(
    db,
    "update disks set claim_uid = :claimUid where id = :disk and (claim_uid is null or claim_uid = :claimUid) returning id",
    { disk, claimUid },
  );
  return row !== undefined;
}

/** A volume is bound to the zone in which it was first used. */
export async function recordZone(db: Queryable, disk: DiskId, node: string): Promise<void> {
  await firstRow(
    db,
    `update disks set zone = n.zone from capacity_nodes n
     where disks.id = :disk and disks.zone is null and n.name = :node and n.zone <> '' returning disks.id`,
    { disk, node },
  );
}

/** Frees the disk for the next reservation. @returns undefined when it was free already */
export async function releaseAttachment(
  db: Queryable,
  id: ReservationId,
  now: Date,
): Promise<{ readonly diskId: DiskId; readonly name: string } | undefined> {
  return firstRow(
    db,
    `with released as (
       update attachments set released_at = :now where reservation_id = :id and released_at is null returning disk_id)
     update disks set last_used_at = :now from released where disks.id = released.disk_id
     returning disks.id as "diskId", disks.name`,
    { id, now },
  );
}
