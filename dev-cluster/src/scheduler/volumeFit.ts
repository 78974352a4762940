import type { ObjectOperations } from "../objects/objectOperations.ts";
import type { Node } from "../resources/node.ts";
import { claimNames, type Pod } from "../resources/pod.ts";
import {
  claimType,
  SELECTED_NODE,
  storageClassType,
  volumeType,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from "../resources/volumes.ts";
import { matchesTerms } from "./nodeFit.ts";

export interface PodVolumes {
  /** Why no node can run the pod now. */
  readonly obstacle?: string;
  /** Claims that wait for the selection of a node. */
  readonly unbound: PersistentVolumeClaim[];
  /** The volumes of bound claims. */
  readonly volumes: PersistentVolume[];
}

/** The requirements of the pod's claims on its node. */
export function volumesOf(operations: ObjectOperations, pod: Pod): PodVolumes {
  const found: PodVolumes = { unbound: [], volumes: [] };
  const { namespace } = pod.metadata;
  for (const name of claimNames(pod)) {
    const claim = operations.find(claimType, { namespace, name });
    if (claim === undefined) {
      return { ...found, obstacle: `persistentvolumeclaim "${name}" not found` };
    }
    if (claim.metadata.deletionTimestamp !== undefined) {
      return { ...found, obstacle: `persistentvolumeclaim "${name}" is being deleted` };
    }
    if (isBound(claim)) {
      const volume = operations.find(volumeType, { name: claim.spec.volumeName ?? "" });
      if (volume === undefined) {
        const obstacle = `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName ?? ""}"`;
        return { ...found, obstacle };
      }
      found.volumes.push(volume);
    } else if (bindsOnFirstUse(operations, claim)) {
      found.unbound.push(claim);
    } else {
      return { ...found, obstacle: "pod has unbound immediate PersistentVolumeClaims" };
    }
  }
  return found;
}

export function volumePredicateFailure(
  { unbound, volumes }: PodVolumes,
  node: Node,
): string | undefined {
  // The volume is being created for the node that was selected first, whichever pod caused that.
  const elsewhere = unbound.some((claim) => {
    const selected = claim.metadata.annotations?.[SELECTED_NODE];
    return selected !== undefined && selected !== node.metadata.name;
  });
  if (elsewhere) return "node(s) didn't find available persistent volumes to bind";
  const fits = volumes.every((volume) => {
    const required = volume.spec.nodeAffinity?.required;
    return required === undefined || matchesTerms(required.nodeSelectorTerms, node);
  });
  return fits ? undefined : "node(s) didn't match PersistentVolume's node affinity";
}

/** Names the node to the provisioner for which it creates the claims' volumes. */
export function selectNode(
  operations: ObjectOperations,
  claims: readonly PersistentVolumeClaim[],
  nodeName: string,
): void {
  for (const claim of claims) {
    if (claim.metadata.annotations?.[SELECTED_NODE] === nodeName) continue;
    operations.edit(claimType, claim.metadata, (draft) => {
      draft.metadata.annotations = { ...draft.metadata.annotations, [SELECTED_NODE]: nodeName };
    });
  }
}

function isBound(claim: PersistentVolumeClaim): boolean {
  return (claim.spec.volumeName ?? "") !== "" && claim.status?.phase === "Bound";
}

function bindsOnFirstUse(operations: ObjectOperations, claim: PersistentVolumeClaim): boolean {
  const name = claim.spec.storageClassName ?? "";
  const found = operations.find(storageClassType, { name });
  return found?.volumeBindingMode === "WaitForFirstConsumer";
}
