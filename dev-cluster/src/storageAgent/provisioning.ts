import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { systemClock, timestamp } from "../platform/clock.ts";
import { isConflict, isInvalid, isNotFound, type ApiClient } from "../nodeAgent/apiClient.ts";
import type { PersistentVolumeClaim } from "../nodeAgent/kubeTypes.ts";
import { PROVISIONER, STORAGE_CLASS, VOLUMES, volumeName, volumeObject } from "./volumeObjects.ts";

const SELECTED_NODE = "volume.kubernetes.io/selected-node";

export interface ProvisionerOptions {
  readonly client: ApiClient;
  /** The directory of the volumes' directories. */
  readonly root: string;
}

/**
 * Returns a function that creates the volume of a claim once its node is selected. Object names are
 * derived from the claim's uid, so each step can be repeated. The function throws errors that a
 * retry may fix.
 */
export function createProvisioner(
  options: ProvisionerOptions,
): (listed: PersistentVolumeClaim) => Promise<void> {
  const { client, root } = options;
  /** Uids of the claims that were refused with an event. */
  const refused = new Set<string>();
  return async (listed) => {
    if (!isWaiting(listed)) return;
    // The claim may be deleted meanwhile, and a deleted claim must not get a volume.
    const claim = await readAgain(client, listed);
    if (claim === undefined || !isWaiting(claim)) return;
    const source = claim.spec.dataSourceRef ?? claim.spec.dataSource;
    if (source !== undefined) {
      if (refused.has(claim.metadata.uid)) return;
      await refuse(client, claim, `cannot copy ${source.kind} ${source.name}: not supported here`);
      refused.add(claim.metadata.uid);
      return;
    }
    const zone = await zoneOf(client, claim);
    if (zone === undefined) return;
    const name = volumeName(claim);
    const path = join(root, name);
    await mkdir(path, { recursive: true });
    await createUnlessExists(client, VOLUMES, volumeObject({ name, claim, path, zone }));
    await client.mergePatch(`${VOLUMES}/${name}/status`, { status: { phase: "Bound" } });
    await bindClaim(client, claim, name);
  };
}

/**
 * An empty disk in place of the requested copy would be worse than none: the pod waits, and the
 * event states the reason.
 */
async function refuse(
  client: ApiClient,
  claim: PersistentVolumeClaim,
  message: string,
): Promise<void> {
  const { namespace, name, uid } = claim.metadata;
  const time = timestamp(systemClock.now());
  await client.create(`/api/v1/namespaces/${namespace}/events`, {
    apiVersion: "v1",
    kind: "Event",
    metadata: { generateName: `${name}.`, namespace },
    involvedObject: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name, uid },
    type: "Warning",
    reason: "ProvisioningFailed",
    message,
    source: { component: PROVISIONER },
    reportingComponent: PROVISIONER,
    reportingInstance: PROVISIONER,
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  });
}

export async function createUnlessExists(
  client: ApiClient,
  path: string,
  body: unknown,
): Promise<void> {
  try {
    await client.create(path, body);
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}

function isWaiting(claim: PersistentVolumeClaim): boolean {
  const { metadata, spec, status } = claim;
  return (
    spec.storageClassName === STORAGE_CLASS &&
    metadata.annotations?.[SELECTED_NODE] !== undefined &&
    metadata.deletionTimestamp === undefined &&
    status?.phase !== "Bound" &&
    [undefined, "", volumeName(claim)].includes(spec.volumeName)
  );
}

const pathOf = ({ metadata: { namespace, name } }: PersistentVolumeClaim): string =>
  `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${name}`;

async function readAgain(
  client: ApiClient,
  claim: PersistentVolumeClaim,
): Promise<PersistentVolumeClaim | undefined> {
  try {
    const found = await client.get<PersistentVolumeClaim>(pathOf(claim));
    return found.metadata.uid === claim.metadata.uid ? found : undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * The zone of the selected node; if that node no longer exists, the scheduler has to select another
 * one.
 */
async function zoneOf(
  client: ApiClient,
  claim: PersistentVolumeClaim,
): Promise<string | undefined> {
  const { annotations, uid } = claim.metadata;
  try {
    const path = `/api/v1/nodes/${annotations?.[SELECTED_NODE] ?? ""}`;
    const node = await client.get<{ metadata: { labels?: Record<string, string> } }>(path);
    return node.metadata.labels?.["topology.kubernetes.io/zone"] ?? "";
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const metadata = { uid, annotations: { [SELECTED_NODE]: null } };
    await client.mergePatch(pathOf(claim), { metadata });
    return undefined;
  }
}

async function bindClaim(
  client: ApiClient,
  claim: PersistentVolumeClaim,
  name: string,
): Promise<void> {
  const { uid } = claim.metadata;
  const annotations = {
    "pv.kubernetes.io/bind-completed": "yes",
    "volume.kubernetes.io/storage-provisioner": PROVISIONER,
  };
  const status = {
    phase: "Bound",
    accessModes: claim.spec.accessModes ?? [],
    capacity: { storage: claim.spec.resources?.requests?.storage ?? "1Gi" },
  };
  try {
    await client.mergePatch(pathOf(claim), {
      metadata: { uid, annotations },
      spec: { volumeName: name },
    });
    await client.mergePatch(`${pathOf(claim)}/status`, { metadata: { uid }, status });
  } catch (error) {
    // Deleted, or replaced by another claim of that name: its volume is released like that of any
    // deleted claim.
    if (!isNotFound(error) && !isInvalid(error)) throw error;
  }
}
