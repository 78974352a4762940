import type { DiskId, ReservationId, UserId } from "@gpu-dev/shared/ids.ts";
import type { Disk } from "../domain/reservation.ts";
import type { DiskHolder, DiskWithHolder } from "../domain/views.ts";
import { CLUSTER, firstRow, rows, type Queryable, type Transaction } from "./database.ts";

const DISK_COLUMNS = `
  disks.id, disks.owner_id as "ownerId", disks.name, disks.size_gib as "sizeGib", disks.zone,
  disks.claim_name as "claimName", disks.claim_uid as "claimUid",
  disks.created_at as "createdAt", disks.last_used_at as "lastUsedAt"`;

/** The owner's disk of this name, locked until the transaction ends. */
export async function lockDisk(
  trx: Transaction,
  ownerId: UserId,
  name: string,
): Promise<Disk | undefined> {
  return firstRow<Disk>(
    trx,
    `select ${DISK_COLUMNS} from disks where owner_id = ? and name = ? for update`,
    [ownerId, name],
  );
}

/** @returns undefined when another transaction created a disk of this name first */
export async function insertDisk(
  trx: Transaction,
  disk: {
    readonly id: DiskId;
    readonly ownerId: UserId;
    readonly name: string;
    readonly sizeGib: number;
    readonly claimName: string;
    readonly now: Date;
  },
): Promise<Disk | undefined> {
  return firstRow<Disk>(
    trx,
    `insert into disks (id, owner_id, name, size_gib, claim_name, created_at)
     values (:id, :ownerId, :name, :sizeGib, :claimName, :now)
     on conflict (owner_id, name) do nothing
     returning ${DISK_COLUMNS}`,
    { ...disk },
  );
}

/**
 * The zone that the owner's disk of this name is bound to; undefined for an unbound or unknown
 * disk.
 */
export async function findDiskZone(
  db: Queryable,
  ownerId: UserId,
  name: string,
): Promise<string | undefined> {
  const row = await firstRow<{ zone: string | undefined }>(
    db,
    "select zone from disks where owner_id = ? and name = ?",
    [ownerId, name],
  );
  return row?.zone;
}

type HeldColumns = {
  readonly [Key in keyof DiskHolder as `held${Capitalize<Key>}`]: DiskHolder[Key] | undefined;
};

export async function listDisks(db: Queryable, ownerId: UserId): Promise<DiskWithHolder[]> {
  const found = await rows<Disk & HeldColumns>(
    db,
    `select ${DISK_COLUMNS}, held.*
     from disks left join lateral (
       select r.id as "heldReservationId", r.name as "heldName", r.state as "heldState",
         r.expires_at as "heldExpiresAt", r.capacity_until as "heldCapacityUntil"
       from attachments a join reservations r on r.id = a.reservation_id
       where a.disk_id = disks.id and a.released_at is null
     ) held on true
     where owner_id = ? order by name`,
    [ownerId],
  );
  return found.map((row) => ({ ...row, heldBy: holderOf(row) }));
}

function holderOf(row: HeldColumns): DiskHolder | undefined {
  if (
    row.heldReservationId === undefined ||
    row.heldName === undefined ||
    row.heldState === undefined
  )
    return undefined;
  return {
    reservationId: row.heldReservationId,
    name: row.heldName,
    state: row.heldState,
    expiresAt: row.heldExpiresAt,
    capacityUntil: row.heldCapacityUntil,
  };
}

/** The reservation that holds the disk now. */
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

/** Gives the disk to a reservation. The caller holds the disk's row lock. */
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
    `insert into attachments (disk_id, reservation_id, attached_at)
     values (:diskId, :reservationId, :now) returning disk_id`,
    { ...attachment },
  );
}

/** The disk that a reservation holds, from its creation until its pods are observed gone. */
export async function findAttachedDisk(
  db: Queryable,
  id: ReservationId,
): Promise<Disk | undefined> {
  return firstRow<Disk>(
    db,
    `select ${DISK_COLUMNS} from attachments a join disks on disks.id = a.disk_id
     where a.reservation_id = ? and a.released_at is null`,
    [id],
  );
}

/**
 * Stores which claim holds the disk's data. It never changes once it is set, because a claim with
 * another UID is another, empty volume.
 * @returns false when a different claim is stored
 */
export async function recordClaim(db: Queryable, disk: DiskId, claimUid: string): Promise<boolean> {
  const row = await firstRow(
    db,
    `update disks set claim_uid = :claimUid
     where id = :disk and (claim_uid is null or claim_uid = :claimUid) returning id`,
    { disk, claimUid },
  );
  return row !== undefined;
}

/** Stores the zone of the first node that uses the disk, which is the zone of its volume. */
export async function recordZone(db: Queryable, disk: DiskId, node: string): Promise<void> {
  await firstRow(
    db,
    `update disks set zone = n.zone from capacity_nodes n
     where disks.id = :disk and disks.zone is null
       and n.cluster = :cluster and n.name = :node and n.zone <> '' returning disks.id`,
    { disk, node, cluster: CLUSTER },
  );
}

/** Frees the disk for the next reservation. @returns undefined when it was already free */
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

/**
 * Removes the disk that a reservation requested first, if no other reservation ever did. Only for
 * one that was never placed: a placement may have created the volume.
 * @returns its name; undefined if the disk stays
 */
export async function removeUnusedDisk(
  trx: Transaction,
  id: ReservationId,
): Promise<string | undefined> {
  // The row lock orders this with a request that attaches the disk.
  const disk = await firstRow<{ id: DiskId; name: string }>(
    trx,
    `select d.id, d.name from disks d join attachments a on a.disk_id = d.id
     where a.reservation_id = :id and a.released_at is null and d.claim_uid is null
       and not exists (
         select 1 from attachments o where o.disk_id = d.id and o.reservation_id <> :id)
     for update of d`,
    { id },
  );
  if (!disk) return undefined;
  await rows(trx, "delete from attachments where disk_id = ?", [disk.id]);
  await rows(trx, "delete from disks where id = ?", [disk.id]);
  return disk.name;
}
