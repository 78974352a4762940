import { Second, timestamp } from "../platform/clock.ts";
import { storageKey, subjectOf, type ResourceType } from "../resources/resourceType.ts";
import type { StoredObject } from "../store/objectStore.ts";
import { deletionFinalizers, type DeleteOptions } from "./deleteOptions.ts";
import { edited, type KubeObject, type ObjectKey } from "../kube/kubeObject.ts";
import { canBeRemoved, type ObjectOperations } from "./objectOperations.ts";
import { conflict } from "../kube/statusError.ts";

/**
 * Deletes an object, or begins its deletion: `removed` states whether the object no longer exists.
 */
export function deleteObject(
  operations: ObjectOperations,
  type: ResourceType,
  key: ObjectKey,
  options: DeleteOptions = {},
): StoredObject & { removed: boolean } {
  const object = operations.get(type, key);
  // The real server names the kind instead of the resource in this error.
  checkPreconditions({ ...subjectOf(type, key.name), resource: type.kind }, object, options);
  const requested = options.gracePeriodSeconds ?? undefined;
  const grace = type.gracePeriodSeconds?.(object, requested) ?? 0;
  const finalizers = deletionFinalizers(type, object, options);
  const marked = markDeleted(operations, type, object, { grace, finalizers });
  const dryRun = options.dryRun?.includes("All") === true;
  if (canBeRemoved(type, marked)) {
    // Without a grace period, watches see the last state without a deletion timestamp.
    const last = type.gracePeriodSeconds === undefined && isUnmarked(object) ? object : marked;
    const stored = dryRun ? textOf(last) : operations.store.remove(storageKey(type), last);
    return { ...stored, removed: true };
  }
  if (dryRun || marked === object) return { ...textOf(marked), removed: false };
  return { ...operations.store.put(storageKey(type), marked), removed: false };
}

const textOf = (object: KubeObject): StoredObject => ({ object, json: JSON.stringify(object) });

/** Deletes the object unless it no longer exists. For the controllers of this process. */
export function deleteIfExists(
  operations: ObjectOperations,
  type: ResourceType,
  object: KubeObject,
  gracePeriodSeconds?: number,
): void {
  const current = operations.find(type, object.metadata);
  if (current?.metadata.uid !== object.metadata.uid) return;
  const propagationPolicy = current.metadata.deletionTimestamp === undefined ? "Background" : null;
  deleteObject(operations, type, current.metadata, { gracePeriodSeconds, propagationPolicy });
}

/** Throws 409 for an object other than the one that the preconditions name. */
export function checkPreconditions(
  subject: ReturnType<typeof subjectOf>,
  object: KubeObject,
  options: DeleteOptions,
): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const differ = (field: string, expected: string, actual: string) =>
    conflict(
      subject,
      `Precondition failed: ${field} in precondition: ${expected}, ${field} in object meta: ${actual}`,
    );
  if (typeof uid === "string" && uid !== object.metadata.uid) {
    throw differ("UID", uid, object.metadata.uid);
  }
  if (typeof resourceVersion === "string" && resourceVersion !== object.metadata.resourceVersion) {
    throw differ("ResourceVersion", resourceVersion, object.metadata.resourceVersion);
  }
}

const isUnmarked = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp === undefined;

/**
 * The object with its deletion recorded; the same object if it is recorded already and nothing
 * changes.
 */
function markDeleted(
  operations: ObjectOperations,
  type: ResourceType,
  object: KubeObject,
  { grace, finalizers }: { grace: number; finalizers: readonly string[] },
): KubeObject {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = object.metadata;
  const sooner = deletionTimestamp === undefined || grace < deletionGracePeriodSeconds;
  const same = finalizers.join() === (object.metadata.finalizers ?? []).join();
  if (!sooner && same) return object;
  return edited(object, (draft) => {
    if (finalizers.length > 0) draft.metadata.finalizers = [...finalizers];
    else delete draft.metadata.finalizers;
    if (!sooner) return;
    draft.metadata.deletionTimestamp = timestamp(operations.clock.now() + grace * Second.ms);
    draft.metadata.deletionGracePeriodSeconds = grace;
    if (deletionTimestamp === undefined && draft.metadata.generation !== undefined) {
      draft.metadata.generation += 1;
    }
    type.markDeleted?.(draft);
  });
}
