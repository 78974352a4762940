import type { CatalogueImage } from "@gpu-dev/shared/api/catalogue.ts";
import type { PodView } from "../../cluster/port.ts";
import { findImage, shareOfNode } from "../../domain/catalogue.ts";
import { secretName, serviceName } from "../../domain/objectNames.ts";
import type { Attempt, Disk, Reservation } from "../../domain/reservation.ts";
import { recordClaim } from "../../store/attachedDisk.ts";
import { listKeys } from "../../store/sshKeys.ts";
import type { ReconcilerContext } from "../context.ts";
import { typeOf } from "./pass.ts";

export interface Ensured {
  readonly pod: PodView;
  readonly hostPublicKey: string;
}

/**
 * Everything that a start needs, made at once: the pod may come first, since a kubelet waits for what it mounts.
 * A disk whose claim was seen before and is another one now stops the start: it would be an empty disk.
 */
export async function ensureObjects(
  context: ReconcilerContext,
  row: Reservation,
  attempt: Attempt,
  disk: Disk | undefined,
): Promise<Ensured> {
  const { cluster, database } = context;
  const of = { reservationId: row.id, userId: row.ownerId };
  if (disk && disk.claimUid !== null) await refuseOtherClaim(context, disk);
  const [pod, { hostPublicKey }, , claim] = await Promise.all([
    cluster.ensurePod(podRequest(context, row, attempt, disk)),
    listKeys(database, row.ownerId).then((keys) =>
      cluster.ensureSecret({ ...of, authorizedKeys: authorizedKeys(keys), expiresAt: null }),
    ),
    cluster.ensureService(of),
    disk &&
      cluster.ensureClaim({
        name: disk.claimName,
        diskId: disk.id,
        userId: disk.ownerId,
        sizeGib: disk.sizeGib,
      }),
  ]);
  if (disk && claim && !(await recordClaim(database, disk.id, claim.uid))) {
    throw new DiskLost(disk.name);
  }
  return { pod, hostPublicKey };
}

/** The volume that held the disk's data is not there any more. Never silently replaced by an empty one. */
export class DiskLost extends Error {
  override readonly name = "DiskLost";

  constructor(disk: string) {
    super(
      `the volume of disk "${disk}" is missing from the cluster, and a new one would be empty; an operator can bring it back`,
    );
  }
}

export const authorizedKeys = (keys: readonly { readonly publicKey: string }[]): string =>
  keys.map((key) => `${key.publicKey}\n`).join("");

async function refuseOtherClaim({ cluster }: ReconcilerContext, disk: Disk): Promise<void> {
  const claim = await cluster.getClaim(disk.claimName);
  if (claim?.uid !== disk.claimUid) throw new DiskLost(disk.name);
}

function podRequest(
  context: ReconcilerContext,
  row: Reservation,
  attempt: Attempt,
  disk: Disk | undefined,
) {
  const type = typeOf(context, row);
  const image = imageOf(context, row);
  return {
    name: attempt.podName,
    reservationId: row.id,
    reservationName: row.name,
    userId: row.ownerId,
    rank: attempt.rank,
    attempt: attempt.attempt,
    node: attempt.node,
    image: image.reference,
    entrypoint: image.entrypoint ?? [],
    ...shareOfNode(type, attempt.units),
    gpu: type.resource === null ? null : { resource: type.resource, count: attempt.units },
    claimName: disk?.claimName ?? null,
    secretName: secretName(row.id),
    serviceName: serviceName(row.id),
  };
}

export function imageOf({ catalogue }: ReconcilerContext, row: Reservation): CatalogueImage {
  const image = findImage(catalogue, row.spec.image);
  if (image === undefined) {
    throw new Error(
      `the catalogue has no image ${row.spec.image ?? "by default"} any more, but reservation ${row.id} asks for it; put it back`,
    );
  }
  return image;
}
