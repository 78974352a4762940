import { ClusterRefused, ClusterUnavailable, type PodView } from "../../cluster/port.ts";
import { shareOfNode } from "../../domain/catalogue.ts";
import { secretName, serviceName, type Attempt, type Disk } from "../../domain/reservation.ts";
import { recordClaim } from "../../store/disks.ts";
import { claimPod } from "../../store/attempts.ts";
import { listKeys } from "../../store/sshKeys.ts";
import type { ReconcilerContext } from "../context.ts";
import {
  imageOf,
  observeRow,
  readPod,
  typeOf,
  type CreationFailure,
  type Member,
  type Observation,
} from "./observe.ts";

export interface Created {
  readonly hostPublicKey: string;
}

/**
 * Creates everything that these members need and records their pods. @returns "stale" when an
 * attempt ended meanwhile: its new pod was deleted again; or the reason that creation failed
 */
export async function createObjects(
  context: ReconcilerContext,
  seen: Observation,
  members: readonly Member[],
): Promise<Created | "stale" | CreationFailure> {
  try {
    const { pods, hostPublicKey } = await ensureObjects(context, seen, members);
    context.availability.succeeded();
    const claimed = await Promise.all(
      pods.map(async (pod) => {
        if (await claimPod(context.database, pod.name, pod.uid)) return true;
        await context.cluster.deletePod(pod.name, pod.uid);
        return false;
      }),
    );
    return claimed.every(Boolean) ? { hostPublicKey } : "stale";
  } catch (error) {
    return failureOf(context, seen, error);
  }
}

/** After a failure: what the cluster shows now. Throws if it does not respond to reads either. */
export async function observeAfterFailure(
  context: ReconcilerContext,
  seen: Observation,
  failure: CreationFailure,
): Promise<Observation> {
  const before = seen.members ?? [];
  const members =
    failure.kind === "unavailable"
      ? await Promise.all(
          before.map(async (member) => ({
            ...member,
            pod: await readPod(context, member.attempt),
          })),
        )
      : before;
  const { row, disk } = seen;
  return { ...observeRow(context, row), members, disk, creationFailure: failure };
}

/** Lines of an authorized_keys file. */
export const authorizedKeys = (keys: readonly { readonly publicKey: string }[]): string =>
  keys.map((key) => `${key.publicKey}\n`).join("");

/**
 * All at once: a pod may come first, since a kubelet waits for what it mounts. A disk whose claim
 * is not the recorded one stops the start, because the claim would be an empty disk.
 */
async function ensureObjects(
  context: ReconcilerContext,
  seen: Observation,
  members: readonly Member[],
): Promise<{ readonly pods: readonly PodView[]; readonly hostPublicKey: string }> {
  const { cluster, database } = context;
  const { row, disk } = seen;
  const owner = { reservationId: row.id, userId: row.ownerId };
  if (disk?.claimUid !== undefined) await requireRecordedClaim(context, disk);
  const [pods, { hostPublicKey }, , claim] = await Promise.all([
    Promise.all(members.map(({ attempt }) => cluster.ensurePod(podRequest(seen, attempt)))),
    listKeys(database, row.ownerId).then((keys) =>
      cluster.ensureSecret({
        ...owner,
        authorizedKeys: authorizedKeys(keys),
        expiresAt: undefined,
      }),
    ),
    cluster.ensureService(owner),
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
  return { pods, hostPublicKey };
}

/**
 * The volume with the disk's data no longer exists. It is never silently replaced by an empty one.
 */
class DiskLost extends Error {
  override readonly name = "DiskLost";

  constructor(disk: string) {
    super(
      `the volume of disk "${disk}" is missing from the cluster, and a new one would be empty; an operator can restore it`,
    );
  }
}

async function requireRecordedClaim({ cluster }: ReconcilerContext, disk: Disk): Promise<void> {
  const claim = await cluster.getClaim(disk.claimName);
  if (claim?.uid !== disk.claimUid) throw new DiskLost(disk.name);
}

function failureOf(
  { log }: ReconcilerContext,
  { row }: Observation,
  error: unknown,
): CreationFailure {
  if (error instanceof DiskLost) return { kind: "final", message: error.message };
  if (error instanceof ClusterUnavailable) {
    log.warn({ err: error, reservationId: row.id }, "objects of a start not created; will retry");
    return { kind: "unavailable", message: error.message };
  }
  if (!(error instanceof ClusterRefused)) throw error;
  if (error.reason === "Invalid" || error.reason === "AlreadyExists") {
    return { kind: "final", message: error.message };
  }
  log.warn({ err: error, reservationId: row.id }, "objects of a start refused; will retry");
  return { kind: "refused", message: error.message };
}

/** The disk belongs to rank 0; the other members have scratch space. */
function podRequest(seen: Observation, attempt: Attempt) {
  const { row, disk } = seen;
  const type = typeOf(seen);
  const image = imageOf(seen);
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
    gpu: type.resource === null ? undefined : { resource: type.resource, count: attempt.units },
    claimName: attempt.rank === 0 ? disk?.claimName : undefined,
    secretName: secretName(row.id),
    serviceName: serviceName(row.id),
  };
}
