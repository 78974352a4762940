import { timestamp } from "../clock.ts";
import type { ResourceType } from "../resources/resourceType.ts";
import { storageKey } from "../resources/resourceType.ts";
import type { StoredObject } from "../store/objectStore.ts";
import type { DeleteOptions } from "./deleteOptions.ts";
import { deletionFinalizers } from "./deleteOptions.ts";
import type { KubeObject } from "../kube/kubeObject.ts";
import { edited } from "../kube/kubeObject.ts";
import type { ObjectKey, ObjectOperations } from "./objectOperations.ts";
import { isReadyToGo } from "./objectOperations.ts";
import { subjectOf } from "../kube/statusError.ts";
import { conflict } from "../kube/statusError.ts";

/** Deletes, or begins to: `removed` says whether the object is gone now. */
export function deleteObject(
  operations: ObjectOperations,
  type: ResourceType,
  key: ObjectKey,
  options: DeleteOptions = {},
): StoredObject & { removed: boolean } {
  const object = operations.get(type, key);
  // Under this path, the real server's words name the kind.
  checkPreconditions({ ...subjectOf(type, key.name), resource: type.kind }, object, options);
  const asked = options.gracePeriodSeconds ?? undefined;
  const grace = type.gracePeriodSeconds?.(object, asked) ?? 0;
  const finalizers = deletionFinalizers(type, object, options);
  const marked = markDeleted(operations, type, object, { grace, finalizers });
  const dryRun = options.dryRun?.includes("All") === true;
  if (isReadyToGo(type, marked)) {
    // Nobody waited for it: watches see it go as it was, without a deletion having begun.
    const last = type.gracePeriodSeconds === undefined && isUnmarked(object) ? object : marked;
    const stored = dryRun ? textOf(last) : operations.store.remove(storageKey(type), last);
    return { ...stored, removed: true };
  }
  if (dryRun || marked === object) return { ...textOf(marked), removed: false };
  return { ...operations.store.put(storageKey(type), marked), removed: false };
}

const textOf = (object: KubeObject): StoredObject => ({ object, json: JSON.stringify(object) });

/** Deleted by now, which is what its caller wanted. For the controllers of this process. */
export function deleteIfThere(
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

/** Throws 409 for an object that is not the one that was meant. */
export function checkPreconditions(
  subject: ReturnType<typeof subjectOf>,
  object: KubeObject,
  options: DeleteOptions,
): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const differ = (what: string, asked: string, actual: string) =>
    conflict(
      subject,
      `Precondition failed: ${what} in precondition: ${asked}, ${what} in object meta: ${actual}`,
    );
  if (typeof uid === "string" && uid !== object.metadata.uid) {
    throw differ("UID", uid, object.metadata.uid);
  }
  if (typeof resourceVersion === "string" && resourceVersion !== object.metadata.resourceVersion) {
    throw differ("ResourceVersion", resourceVersion, object.metadata.resourceVersion);
  }
}

const isUnmarked = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp === undefined;

/** The object with its deletion noted; the very same when it is noted already and nothing new is asked for. */
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
    draft.metadata.deletionTimestamp = timestamp(operations.clock.now() + grace * 1000);
    draft.metadata.deletionGracePeriodSeconds = grace;
    if (deletionTimestamp === undefined && draft.metadata.generation !== undefined) {
      draft.metadata.generation += 1;
    }
    type.markDeleted?.(draft);
  });
}
