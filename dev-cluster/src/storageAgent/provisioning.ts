import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { systemClock, timestamp } from "../clock.ts";
import type { ApiClient } from "../nodeAgent/apiClient.ts";
import { isConflict, isInvalid, isNotFound } from "../nodeAgent/apiClient.ts";
import type { PersistentVolumeClaim } from "../nodeAgent/kubeTypes.ts";
import { PROVISIONER, STORAGE_CLASS, VOLUMES, volumeName, volumeObject } from "./volumeObjects.ts";

const SELECTED_NODE = "volume.kubernetes.io/selected-node";

export interface ProvisionerOptions {
  client: ApiClient;
  /** Where the volumes' directories lie. */
  root: string;
}

/** Makes the volumes of claims whose node is picked. Each step has a name that follows from the claim's uid. */
export class Provisioner {
  readonly #options: ProvisionerOptions;
  /** Claims that were told that nobody fills them: uids. */
  readonly #told = new Set<string>();

  constructor(options: ProvisionerOptions) {
    this.#options = options;
  }

  /** Throws what may be tried again. */
  async provision(seen: PersistentVolumeClaim): Promise<void> {
    if (!isWaiting(seen)) return;
    const { client, root } = this.#options;
    // It may be gone since, and no volume is to be made for it then.
    const claim = await readAgain(client, seen);
    if (claim === undefined || !isWaiting(claim)) return;
    const source = claim.spec.dataSourceRef ?? claim.spec.dataSource;
    if (source !== undefined) {
      await this.#refuse(claim, `no ${source.kind} can be copied here, and so not ${source.name}`);
      return;
    }
    const zone = await zoneOf(client, claim);
    if (zone === undefined) return;
    const name = volumeName(claim);
    const path = join(root, name);
    await mkdir(path, { recursive: true });
    await createUnlessThere(client, VOLUMES, volumeObject({ name, claim, path, zone }));
    await client.mergePatch(`${VOLUMES}/${name}/status`, { status: { phase: "Bound" } });
    await bindClaim(client, claim, name);
  }

  /** An empty disk in place of what was asked for would be worse than none: the pod waits, and this says why. */
  async #refuse(claim: PersistentVolumeClaim, message: string): Promise<void> {
    const { namespace, name, uid } = claim.metadata;
    if (this.#told.has(uid)) return;
    const time = timestamp(systemClock.now());
    const involved = { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name, uid };
    await this.#options.client.create(`/api/v1/namespaces/${namespace}/events`, {
      apiVersion: "v1",
      kind: "Event",
      metadata: { generateName: `${name}.`, namespace },
      involvedObject: involved,
      ...{ type: "Warning", reason: "ProvisioningFailed", message },
      source: { component: PROVISIONER },
      ...{ reportingComponent: PROVISIONER, reportingInstance: PROVISIONER },
      ...{ firstTimestamp: time, lastTimestamp: time, count: 1 },
    });
    this.#told.add(uid);
  }
}

export async function createUnlessThere(
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

/** Of the node that was picked; where that is no more, the scheduler is asked to pick another. */
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
    // Gone, or another claim by that name: its volume is released like those of all claims that go.
    if (!isNotFound(error) && !isInvalid(error)) throw error;
  }
}
