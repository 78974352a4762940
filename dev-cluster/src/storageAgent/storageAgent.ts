import { join } from "node:path";
import { ApiClient, isNotFound, type ApiAccess } from "../nodeAgent/apiClient.ts";
import type { PersistentVolume, PersistentVolumeClaim } from "../nodeAgent/kubeTypes.ts";
import { startObjectWatch } from "../nodeAgent/objectWatch.ts";
import { Second } from "../platform/clock.ts";
import { createRetries } from "./retries.ts";
import { createProvisioner, createUnlessExists } from "./provisioning.ts";
import { STORAGE_CLASS, storageClassObject, VOLUMES, volumeName } from "./volumeObjects.ts";

export interface StorageAgentOptions {
  readonly api: ApiAccess;
  /**
   * Volumes are directories in <dataDir>/volumes. They are never removed: the reclaim policy is
   * Retain.
   */
  readonly dataDir: string;
  /** Time between two full lists of all claims; 30 seconds by default. */
  readonly resyncMs?: number;
  readonly log?: (line: string) => void;
}

export interface StorageAgent {
  stop(): Promise<void>;
}

const STORAGE_CLASSES = "/apis/storage.k8s.io/v1/storageclasses";
const CLAIMS = "/api/v1/persistentvolumeclaims";

/**
 * Creates a directory for each claim of our storage class, once the scheduler has selected its node
 * (delayed binding), and binds both. Every object's name follows from the claim's uid, so that an
 * interrupted step can be repeated.
 */
export async function startStorageAgent(options: StorageAgentOptions): Promise<StorageAgent> {
  const { api, dataDir, resyncMs = 30 * Second.ms, log = () => undefined } = options;
  const client = new ApiClient(api);
  await createUnlessExists(client, STORAGE_CLASSES, storageClassObject());
  const provision = createProvisioner({ client, root: join(dataDir, "volumes") });
  const retries = createRetries<PersistentVolumeClaim>({ attempt: provision, log });
  const claims = startObjectWatch<PersistentVolumeClaim>({
    client,
    path: CLAIMS,
    onAll: (all) => {
      retries.keepOnly(all);
      for (const claim of all) retries.add(claim);
      void releaseOrphans(client, all).catch((error: unknown) => {
        log(`Releasing volumes without a claim failed; retrying: ${String(error)}`);
      });
    },
    onChange: (claim) => {
      retries.add(claim);
    },
    onDelete: (claim) => {
      retries.forget(claim);
      release(client, claim).catch((error: unknown) => {
        log(`Releasing the volume of claim ${claim.metadata.name} failed: ${String(error)}`);
      });
    },
    resyncMs,
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

/** The claim is deleted: its volume becomes Released, and its directory stays. */
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

/** Releases the volumes of claims that were deleted without a watch event. */
async function releaseOrphans(
  client: ApiClient,
  claims: readonly PersistentVolumeClaim[],
): Promise<void> {
  const existing = new Set(claims.map((claim) => claim.metadata.uid));
  const { items } = await client.get<{ items: PersistentVolume[] }>(VOLUMES);
  for (const volume of items) {
    const claimUid = volume.spec.claimRef?.uid;
    if (volume.spec.storageClassName !== STORAGE_CLASS || volume.status?.phase !== "Bound")
      continue;
    if (claimUid === undefined || existing.has(claimUid)) continue;
    // The claim may be newer than the list.
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
