import type { KubeObject, OwnerReference } from "../objects/kubeObject.ts";
import { deleteIfThere } from "../objects/objectDeletion.ts";
import type { ObjectOperations } from "../objects/objectOperations.ts";
import { RESOURCE_TYPES, typeOfKind } from "../resources/registry.ts";

/** Deletes what has owners and of them none is left. An owner is known by its uid: a new one of the same name is another. */
export function collectGarbage(operations: ObjectOperations): void {
  for (const type of RESOURCE_TYPES) {
    for (const object of operations.list(type)) {
      const owners = object.metadata.ownerReferences ?? [];
      if (owners.length === 0 || object.metadata.deletionTimestamp !== undefined) continue;
      if (!owners.some((owner) => isThere(operations, object, owner))) {
        deleteIfThere(operations, type, object);
      }
    }
  }
}

function isThere(operations: ObjectOperations, object: KubeObject, owner: OwnerReference): boolean {
  const type = typeOfKind(owner.apiVersion, owner.kind);
  // Of a kind that is not served here nothing is known, and so nothing is taken for gone.
  if (type === undefined) return true;
  const namespace = type.namespaced ? object.metadata.namespace : undefined;
  return operations.find(type, { namespace, name: owner.name })?.metadata.uid === owner.uid;
}
