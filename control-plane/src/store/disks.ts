import type { DiskId, ReservationId, UserId } from "@gpu-dev/shared/ids.ts";
import type { ReservationState } from "@gpu-dev/shared/states.ts";
import type { Disk } from "../domain/reservation.ts";
import { firstRow, rows, type Queryable, type Transaction } from "./database.ts";

const DISK_COLUMNS = `
  id, owner_id as "ownerId", name, size_gib as "sizeGib", zone, claim_name as "claimName",
  claim_uid as "claimUid", fence, created_at as "createdAt", last_used_at as "lastUsedAt"`;

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

/** @returns undefined when another transaction made a disk of this name first */
export async function insertDisk(
  trx: Transaction,
  fresh: {
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
    { ...fresh },
  );
}

/** The zone that the owner's disk of this name is bound to; undefined for an unbound or unknown disk. */
export async function findDiskZone(
  db: Queryable,
  ownerId: UserId,
  name: string,
): Promise<string | undefined> {
  const row = await firstRow<{ zone: string | null }>(
    db,
    "select zone from disks where owner_id = ? and name = ?",
    [ownerId, name],
  );
  return row?.zone ?? undefined;
}

export interface DiskHolder {
  readonly reservationId: ReservationId;
  readonly name: string;
  readonly state: ReservationState;
  readonly expiresAt: Date | null;
  readonly capacityUntil: Date | null;
}

export interface DiskWithHolder extends Disk {
  readonly heldBy: DiskHolder | null;
}

type HeldColumns = {
  readonly [Key in keyof DiskHolder as `held${Capitalize<Key>}`]: DiskHolder[Key] | null;
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

function holderOf(row: HeldColumns): DiskHolder | null {
  if (row.heldReservationId === null || row.heldName === null || row.heldState === null)
    return null;
  return {
    reservationId: row.heldReservationId,
    name: row.heldName,
    state: row.heldState,
    expiresAt: row.heldExpiresAt,
    capacityUntil: row.heldCapacityUntil,
  };
}
