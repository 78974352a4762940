import { deleteIfThere } from "../objects/objectDeletion.ts";
import type { ObjectOperations } from "../objects/objectOperations.ts";
import { RESOURCE_TYPES } from "../resources/registry.ts";
import { namespaceType, serviceAccountType } from "../resources/simpleTypes.ts";

/** Gives each namespace its default service account, and empties those that are being deleted, then lets them go. */
export function tendNamespaces(operations: ObjectOperations): void {
  for (const namespace of operations.list(namespaceType)) {
    const { name, deletionTimestamp } = namespace.metadata;
    if (deletionTimestamp !== undefined) empty(operations, name);
    else if (!operations.find(serviceAccountType, { namespace: name, name: "default" })) {
      operations.create(serviceAccountType, name, { metadata: { name: "default" } });
    }
  }
}

/** The namespaces that are always there. */
export function createNamespaces(operations: ObjectOperations): void {
  for (const name of ["default", "kube-system", "kube-public", "kube-node-lease"]) {
    if (operations.find(namespaceType, { name }) !== undefined) continue;
    operations.create(namespaceType, undefined, { metadata: { name } });
  }
}

function empty(operations: ObjectOperations, namespace: string): void {
  const types = RESOURCE_TYPES.filter((type) => type.namespaced);
  for (const type of types) {
    for (const object of operations.list(type, namespace)) {
      if (object.metadata.deletionTimestamp === undefined) deleteIfThere(operations, type, object);
    }
  }
  if (types.some((type) => operations.list(type, namespace).length > 0)) return;
  operations.edit(namespaceType, { name: namespace }, (draft) => {
    draft.spec = { finalizers: [] };
  });
}
