import type { KubeObject, OwnerReference } from "../kube/kubeObject.ts";
import { FOREGROUND, ORPHAN } from "../objects/deleteOptions.ts";
import { deleteIfExists } from "../objects/objectDeletion.ts";
import type { ObjectOperations } from "../objects/objectOperations.ts";
import { RESOURCE_TYPES, typeOfKind } from "../resources/registry.ts";
import type { ResourceType } from "../resources/resourceType.ts";

interface Found {
  readonly type: ResourceType;
  readonly object: KubeObject;
}

/**
 * Deletes objects whose owners no longer exist, and removes owners that wait for their dependents.
 * An owner is identified by its uid: a new object of the same name is a different owner.
 */
export function collectGarbage(operations: ObjectOperations): void {
  const all = RESOURCE_TYPES.flatMap((type) =>
    operations.list(type).map((object): Found => ({ type, object })),
  );
  const dependents = all.filter(({ object }) => ownersOf(object).length > 0);
  for (const { type, object } of all) {
    const { deletionTimestamp, finalizers = [] } = object.metadata;
    if (deletionTimestamp === undefined) continue;
    if (finalizers.includes(ORPHAN)) {
      for (const each of ofOwner(dependents, object)) disown(operations, each, [object]);
      release(operations, type, object, ORPHAN);
    }
  }
  for (const { type, object } of dependents) collect(operations, type, object);
  for (const { type, object } of all) {
    if (!isWaiting(object)) continue;
    const blocking = ofOwner(dependents, object).some((each) => blocks(operations, each, object));
    if (!blocking) release(operations, type, object, FOREGROUND);
  }
}

/** An owner that only waits for this dependent counts as removed. */
function collect(operations: ObjectOperations, type: ResourceType, old: KubeObject): void {
  const object = operations.find(type, old.metadata);
  if (object?.metadata.uid !== old.metadata.uid) return;
  const owners = ownersOf(object);
  if (owners.length === 0 || object.metadata.deletionTimestamp !== undefined) return;
  const removedOwners = owners.filter((owner) => {
    const found = findOwner(operations, object, owner);
    return found !== "unknown" && (found === undefined || isWaiting(found));
  });
  if (removedOwners.length === owners.length) deleteIfExists(operations, type, object);
  else if (removedOwners.length > 0)
    disown(operations, { type, object }, removedOwners.map(toObject));
}

const ownersOf = (object: KubeObject): OwnerReference[] => object.metadata.ownerReferences ?? [];

const toObject = ({ uid }: OwnerReference) => ({ metadata: { uid } });

const ofOwner = (dependents: readonly Found[], { metadata }: KubeObject): Found[] =>
  dependents.filter(({ object }) => ownersOf(object).some(({ uid }) => uid === metadata.uid));

/** Deleted in the foreground: it stays until its dependents are removed. */
const isWaiting = ({ metadata }: KubeObject): boolean =>
  metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(FOREGROUND);

function blocks(operations: ObjectOperations, { type, object }: Found, owner: KubeObject): boolean {
  const now = operations.find(type, object.metadata);
  if (now?.metadata.uid !== object.metadata.uid) return false;
  return ownersOf(now).some(
    ({ uid, blockOwnerDeletion }) => uid === owner.metadata.uid && blockOwnerDeletion === true,
  );
}

/** "unknown" for a kind that is not served here: such an owner never counts as removed. */
function findOwner(
  operations: ObjectOperations,
  object: KubeObject,
  owner: OwnerReference,
): KubeObject | undefined | "unknown" {
  const type = typeOfKind(owner.apiVersion, owner.kind);
  if (type === undefined) return "unknown";
  const namespace = type.namespaced ? object.metadata.namespace : undefined;
  const found = operations.find(type, { namespace, name: owner.name });
  return found?.metadata.uid === owner.uid ? found : undefined;
}

function disown(
  operations: ObjectOperations,
  { type, object }: Found,
  owners: readonly { metadata: { uid: string } }[],
): void {
  if (operations.find(type, object.metadata)?.metadata.uid !== object.metadata.uid) return;
  const uids = owners.map(({ metadata }) => metadata.uid);
  operations.edit(type, object.metadata, ({ metadata }) => {
    const remaining = (metadata.ownerReferences ?? []).filter(({ uid }) => !uids.includes(uid));
    if (remaining.length > 0) metadata.ownerReferences = remaining;
    else delete metadata.ownerReferences;
  });
}

function release(
  operations: ObjectOperations,
  type: ResourceType,
  object: KubeObject,
  finalizer: string,
): void {
  operations.edit(type, object.metadata, ({ metadata }) => {
    metadata.finalizers = (metadata.finalizers ?? []).filter((each) => each !== finalizer);
  });
}
