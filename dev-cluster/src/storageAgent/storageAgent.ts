import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ApiAccess } from "../nodeAgent/apiAccess.ts";
import { ApiClient, isConflict, isNotFound } from "../nodeAgent/apiClient.ts";
import type { PersistentVolume, PersistentVolumeClaim } from "../nodeAgent/kubeTypes.ts";
import { startObjectWatch } from "../nodeAgent/objectWatch.ts";
import { BoundedRetries } from "./boundedRetries.ts";
import { PROVISIONER, STORAGE_CLASS, storageClassObject, volumeObject } from "./volumeObjects.ts";

export interface StorageAgentOptions {
  api: ApiAccess;
  /** Volumes are directories below <dataDir>/volumes. They are never removed: the class says Retain. */
  dataDir: string;
  /** Between two full looks at all claims; 30,000 when left out. */
  resyncMillis?: number;
  log?: (line: string) => void;
}

export interface StorageAgent {
  stop(): Promise<void>;
}

const SELECTED_NODE = "volume.kubernetes.io/selected-node";
const CLAIMS = "/api/v1/persistentvolumeclaims";
const VOLUMES = "/api/v1/persistentvolumes";

/**
 * Makes a directory for each claim of our storage class, once the scheduler has said for which node (delayed binding), and binds
 * the two. Each step has a name that follows from the claim's uid: cut off anywhere, it is simply done again.
 */
export async function startStorageAgent(options: StorageAgentOptions): Promise<StorageAgent> {
  const { api, dataDir, resyncMillis = 30_000, log = () => undefined } = options;
  const client = new ApiClient(api);
  await createUnlessThere(client, "/apis/storage.k8s.io/v1/storageclasses", storageClassObject());
  const root = join(dataDir, "volumes");
  const retries = new BoundedRetries<PersistentVolumeClaim>({
    attempt: (claim) => provision(client, root, claim),
    log,
  });
  const claims = startObjectWatch<PersistentVolumeClaim>({
    client,
    path: CLAIMS,
    onAll: (all) => {
      for (const claim of all) retries.add(claim);
      void releaseOrphans(client, all).catch((error: unknown) => {
        log(`Volumes without a claim could not be looked for: ${String(error)}`);
      });
    },
    onChange: (claim) => {
      retries.add(claim);
    },
    onGone: (claim) => {
      release(client, claim).catch((error: unknown) => {
        log(`The volume of claim ${claim.metadata.name} could not be released: ${String(error)}`);
      });
    },
    resyncMillis,
    log,
  });
  return {
    stop: async () => {
      await claims.stop();
      await retries.stop();
      client.close();
    },
  };
}

async function provision(
  client: ApiClient,
  root: string,
  claim: PersistentVolumeClaim,
): Promise<void> {
  const { metadata, spec, status } = claim;
  const nodeName = metadata.annotations?.[SELECTED_NODE];
  if (spec.storageClassName !== STORAGE_CLASS || nodeName === undefined) return;
  if (status?.phase === "Bound" || metadata.deletionTimestamp !== undefined) return;
  const name = volumeName(claim);
  if (spec.volumeName !== undefined && spec.volumeName !== name) return;
  const path = join(root, name);
  await mkdir(path, { recursive: true });
  const node = await client.get<{ metadata: { labels?: Record<string, string> } }>(
    `/api/v1/nodes/${nodeName}`,
  );
  const zone = node.metadata.labels?.["topology.kubernetes.io/zone"] ?? "";
  await createUnlessThere(client, VOLUMES, volumeObject({ name, claim, path, zone }));
  await client.mergePatch(`${VOLUMES}/${name}/status`, { status: { phase: "Bound" } });
  await bindClaim(client, claim, name);
}

async function bindClaim(
  client: ApiClient,
  claim: PersistentVolumeClaim,
  name: string,
): Promise<void> {
  const { namespace, name: claimName, uid } = claim.metadata;
  const path = `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${claimName}`;
  const annotations = {
    "pv.kubernetes.io/bind-completed": "yes",
    "volume.kubernetes.io/storage-provisioner": PROVISIONER,
  };
  await client.mergePatch(path, { metadata: { uid, annotations }, spec: { volumeName: name } });
  await client.mergePatch(`${path}/status`, {
    metadata: { uid },
    status: {
      phase: "Bound",
      accessModes: claim.spec.accessModes ?? [],
      capacity: { storage: claim.spec.resources?.requests?.storage ?? "1Gi" },
    },
  });
}

/** The claim is gone: its volume is Released, and the directory stays. */
async function release(client: ApiClient, claim: PersistentVolumeClaim): Promise<void> {
  if (claim.spec.storageClassName !== STORAGE_CLASS) return;
  try {
    await client.mergePatch(`${VOLUMES}/${volumeName(claim)}/status`, {
      status: { phase: "Released" },
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Claims that went while nobody watched. */
async function releaseOrphans(client: ApiClient, claims: PersistentVolumeClaim[]): Promise<void> {
  const there = new Set(claims.map((claim) => claim.metadata.uid));
  const { items } = await client.get<{ items: PersistentVolume[] }>(VOLUMES);
  for (const volume of items) {
    const claimUid = volume.spec.claimRef?.uid;
    if (volume.spec.storageClassName !== STORAGE_CLASS || volume.status?.phase !== "Bound")
      continue;
    if (claimUid === undefined || there.has(claimUid)) continue;
    // The claim may be younger than the list that we were given.
    const { namespace = "", name = "" } = volume.spec.claimRef ?? {};
    if (await claimExists(client, namespace, name, claimUid)) continue;
    await client.mergePatch(`${VOLUMES}/${volume.metadata.name}/status`, {
      status: { phase: "Released" },
    });
  }
}

async function claimExists(
  client: ApiClient,
  namespace: string,
  name: string,
  uid: string,
): Promise<boolean> {
  try {
    const path = `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${name}`;
    return (await client.get<PersistentVolumeClaim>(path)).metadata.uid === uid;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

async function createUnlessThere(client: ApiClient, path: string, body: unknown): Promise<void> {
  try {
    await client.create(path, body);
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}

function volumeName(claim: PersistentVolumeClaim): string {
  return `pvc-${claim.metadata.uid}`;
}
