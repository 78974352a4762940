import { join } from "node:path";
import type { ApiAccess } from "../nodeAgent/apiAccess.ts";
import { ApiClient, isNotFound } from "../nodeAgent/apiClient.ts";
import type { PersistentVolume, PersistentVolumeClaim } from "../nodeAgent/kubeTypes.ts";
import { startObjectWatch } from "../nodeAgent/objectWatch.ts";
import { BoundedRetries } from "./boundedRetries.ts";
import { createUnlessThere, Provisioner } from "./provisioning.ts";
import { STORAGE_CLASS, storageClassObject, VOLUMES, volumeName } from "./volumeObjects.ts";

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

const CLAIMS = "/api/v1/persistentvolumeclaims";

/**
 * Makes a directory for each claim of our storage class, once the scheduler has said for which node (delayed binding), and binds
 * the two. Each step has a name that follows from the claim's uid: cut off anywhere, it is simply done again.
 */
export async function startStorageAgent(options: StorageAgentOptions): Promise<StorageAgent> {
  const { api, dataDir, resyncMillis = 30_000, log = () => undefined } = options;
  const client = new ApiClient(api);
  await createUnlessThere(client, "/apis/storage.k8s.io/v1/storageclasses", storageClassObject());
  const provisioner = new Provisioner({ client, root: join(dataDir, "volumes") });
  const retries = new BoundedRetries<PersistentVolumeClaim>({
    attempt: (claim) => provisioner.provision(claim),
    log,
  });
  const claims = startObjectWatch<PersistentVolumeClaim>({
    client,
    path: CLAIMS,
    onAll: (all) => {
      retries.keepOnly(all);
      for (const claim of all) retries.add(claim);
      void releaseOrphans(client, all).catch((error: unknown) => {
        log(`Volumes without a claim could not be looked for: ${String(error)}`);
      });
    },
    onChange: (claim) => {
      retries.add(claim);
    },
    onGone: (claim) => {
      retries.forget(claim);
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
