import type { KubeObject } from "../kube/kubeObject.ts";
import type { ObjectOperations } from "../objects/objectOperations.ts";
import { claimNames, isTerminal } from "../resources/pod.ts";
import { podType } from "../resources/podType.ts";
import type { ResourceType } from "../resources/resourceType.ts";
import {
  CLAIM_PROTECTION,
  claimType,
  VOLUME_PROTECTION,
  volumeType,
} from "../resources/volumes.ts";

/**
 * Adds the finalizers that keep used claims and volumes. Removes them from deleted claims that no
 * pod uses, and from deleted volumes that no claim is bound to.
 */
export function releaseVolumes(operations: ObjectOperations): void {
  for (const claim of operations.list(claimType)) {
    protect(operations, claimType, claim, CLAIM_PROTECTION);
    if (!waitsFor(claim, CLAIM_PROTECTION)) continue;
    const { namespace, name } = claim.metadata;
    const used = operations
      .list(podType, namespace)
      .some(
        (pod) =>
          (pod.spec.nodeName ?? "") !== "" && !isTerminal(pod) && claimNames(pod).includes(name),
      );
    if (!used) dropFinalizer(operations, claimType, claim, CLAIM_PROTECTION);
  }
  for (const volume of operations.list(volumeType)) {
    protect(operations, volumeType, volume, VOLUME_PROTECTION);
    if (!waitsFor(volume, VOLUME_PROTECTION) || volume.status?.phase === "Bound") continue;
    dropFinalizer(operations, volumeType, volume, VOLUME_PROTECTION);
  }
}

/** Restores the finalizer: a replacement may have omitted it. */
function protect<T extends KubeObject>(
  operations: ObjectOperations,
  type: ResourceType<T>,
  { metadata }: KubeObject,
  finalizer: string,
): void {
  if (metadata.deletionTimestamp !== undefined) return;
  if ((metadata.finalizers ?? []).includes(finalizer)) return;
  operations.edit(type, metadata, (draft) => {
    draft.metadata.finalizers = [...(draft.metadata.finalizers ?? []), finalizer];
  });
}

function waitsFor(object: KubeObject, finalizer: string): boolean {
  const { deletionTimestamp, finalizers } = object.metadata;
  return deletionTimestamp !== undefined && (finalizers ?? []).includes(finalizer);
}

function dropFinalizer<T extends KubeObject>(
  operations: ObjectOperations,
  type: ResourceType<T>,
  object: KubeObject,
  finalizer: string,
): void {
  operations.edit(type, object.metadata, (draft) => {
    draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter((f) => f !== finalizer);
  });
}
