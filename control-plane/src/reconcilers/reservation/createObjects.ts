import { ClusterRefused, ClusterUnavailable, type PodView } from "../../cluster/port.ts";
import { shareOfNode } from "../../domain/catalogue.ts";
import { secretName, serviceName, type Attempt, type Disk } from "../../domain/reservation.ts";
import { recordClaim } from "../../store/disks.ts";
import { recordPodUid } from "../../store/attempts.ts";
import { listKeys } from "../../store/sshKeys.ts";
import type { ReconcilerContext } from "../context.ts";
import {
  imageOf,
  mountsDisk,
  typeOf,
  type CreationFailure,
  type Member,
  type Observation,
} from "./observation.ts";
import { observeRow, readPod } from "./observe.ts";

export interface Created {
  readonly hostPublicKey: string;
}

/**
 * Creates everything that these members need and records the UIDs of their pods.
 * @returns "stale" when an attempt ended meanwhile and its new pod was deleted, or why creation
 * failed
 */
export async function createObjects(
  context: ReconcilerContext,
  observation: Observation,
  members: readonly Member[],
): Promise<Created | "stale" | CreationFailure> {
  try {
    const { pods, hostPublicKey } = await ensureObjects(context, observation, members);
    context.availability.succeeded();
    const recorded = await Promise.all(
      pods.map(async (pod) => {
        if (await recordPodUid(context.database, pod.name, pod.uid)) return true;
        await context.cluster.deletePod(pod.name, pod.uid);
        return false;
      }),
    );
    return recorded.every(Boolean) ? { hostPublicKey } : "stale";
  } catch (error) {
    return failureOf(context, observation, error);
  }
}

/** What the cluster shows after a failed creation. Throws if reads fail too. */
export async function observeAfterFailure(
  context: ReconcilerContext,
  observation: Observation,
  failure: CreationFailure,
): Promise<Observation> {
  const before = observation.members ?? [];
  const members =
    failure.kind === "unavailable"
      ? await Promise.all(
          before.map(async (member) => ({
            ...member,
            pod: await readPod(context, member.attempt),
          })),
        )
      : before;
  const { row, disk } = observation;
  return { ...observeRow(context, row), members, disk, creationFailure: failure };
}

/** Lines of an authorized_keys file. */
export const authorizedKeys = (keys: readonly { readonly publicKey: string }[]): string =>
  keys.map((key) => `${key.publicKey}\n`).join("");

/**
 * Creates all objects concurrently: the kubelet waits for what a pod mounts, so the order does not
 * matter. If the claim is not the recorded one, the start fails, because that claim is an empty
 * disk.
 */
async function ensureObjects(
  context: ReconcilerContext,
  observation: Observation,
  members: readonly Member[],
): Promise<{ readonly pods: readonly PodView[]; readonly hostPublicKey: string }> {
  const { cluster, database } = context;
  const { row, disk } = observation;
  const owner = { reservationId: row.id, userId: row.ownerId };
  if (disk?.claimUid !== undefined) await requireRecordedClaim(context, disk);
  const [pods, { hostPublicKey }, claim] = await Promise.all([
    Promise.all(members.map(({ attempt }) => cluster.ensurePod(podRequest(observation, attempt)))),
    listKeys(database, row.ownerId).then((keys) =>
      cluster.ensureSecret({
        ...owner,
        authorizedKeys: authorizedKeys(keys),
        expiresAt: undefined,
      }),
    ),
    disk &&
      cluster.ensureClaim({
        name: disk.claimName,
        diskId: disk.id,
        userId: disk.ownerId,
        sizeGib: disk.sizeGib,
      }),
    cluster.ensureService(owner),
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
    log.warn({ err: error, reservationId: row.id }, "objects not created; will retry");
    return { kind: "unavailable", message: error.message };
  }
  if (!(error instanceof ClusterRefused)) throw error;
  if (error.reason === "Invalid" || error.reason === "AlreadyExists") {
    return { kind: "final", message: error.message };
  }
  log.warn({ err: error, reservationId: row.id }, "objects refused; will retry");
  return { kind: "refused", message: error.message };
}

function podRequest(observation: Observation, attempt: Attempt) {
  const { row, disk } = observation;
  const type = typeOf(observation);
  const image = imageOf(observation);
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
    claimName: mountsDisk(attempt) ? disk?.claimName : undefined,
    secretName: secretName(row.id),
    serviceName: serviceName(row.id),
  };
}
