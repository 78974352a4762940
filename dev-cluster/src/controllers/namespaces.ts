import { deleteIfExists } from "../objects/objectDeletion.ts";
import type { ObjectOperations } from "../objects/objectOperations.ts";
import { RESOURCE_TYPES } from "../resources/registry.ts";
import { namespaceType, serviceAccountType } from "../resources/simpleTypes.ts";

/**
 * Creates the default service account of each namespace; empties namespaces that are being deleted,
 * then removes them.
 */
export function reconcileNamespaces(operations: ObjectOperations): void {
  for (const namespace of operations.list(namespaceType)) {
    const { name, deletionTimestamp } = namespace.metadata;
    if (deletionTimestamp !== undefined) empty(operations, name);
    else if (!operations.find(serviceAccountType, { namespace: name, name: "default" })) {
      operations.create(serviceAccountType, name, { metadata: { name: "default" } });
    }
  }
}

/** Creates the namespaces that every cluster has. */
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
      if (object.metadata.deletionTimestamp === undefined) deleteIfExists(operations, type, object);
    }
  }
  if (types.some((type) => operations.list(type, namespace).length > 0)) return;
  operations.edit(namespaceType, { name: namespace }, (draft) => {
    draft.spec = { finalizers: [] };
  });
}
