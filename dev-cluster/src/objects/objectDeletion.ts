import { z } from "zod";
import { timestamp } from "../clock.ts";
import { RESOURCE_TYPES } from "../resources/registry.ts";
import type { ResourceType } from "../resources/resourceType.ts";
import { storageKey } from "../resources/resourceType.ts";
import type { StoredObject } from "../store/objectStore.ts";
import type { KubeObject } from "./kubeObject.ts";
import { edited } from "./kubeObject.ts";
import type { ObjectKey, ObjectOperations } from "./objectOperations.ts";
import { isReadyToGo, subjectOf } from "./objectOperations.ts";
import { badRequest, conflict } from "./statusError.ts";

const optionsShape = z.looseObject({
  gracePeriodSeconds: z.number().int().min(0).nullish(),
  preconditions: z
    .looseObject({ uid: z.string().nullish(), resourceVersion: z.string().nullish() })
    .nullish(),
  /** Foreground is treated as Background: dependents go right after their owner, not before it. */
  propagationPolicy: z.enum(["Background", "Foreground", "Orphan"]).nullish(),
  orphanDependents: z.boolean().nullish(),
  dryRun: z.array(z.string()).nullish(),
});

export type DeleteOptions = z.output<typeof optionsShape>;

export function parseDeleteOptions(input: unknown): DeleteOptions {
  const result = optionsShape.safeParse(input ?? {});
  if (result.success) return result.data;
  throw badRequest(`these are no DeleteOptions: ${z.prettifyError(result.error)}`);
}

/** Deletes, or begins to: `removed` says whether the object is gone now. */
export function deleteObject(
  operations: ObjectOperations,
  type: ResourceType,
  key: ObjectKey,
  options: DeleteOptions = {},
): StoredObject & { removed: boolean } {
  const object = operations.get(type, key);
  checkPreconditions(type, object, options);
  const asked = options.gracePeriodSeconds ?? undefined;
  const grace = type.gracePeriodSeconds?.(object, asked) ?? 0;
  const marked = markDeleted(operations, type, object, grace);
  if (options.dryRun?.includes("All") === true) {
    return { object: marked, json: JSON.stringify(marked), removed: false };
  }
  if (options.propagationPolicy === "Orphan" || options.orphanDependents === true) {
    orphanDependents(operations, object);
  }
  if (isReadyToGo(type, marked)) {
    // Nobody waited for it: watches see it go as it was, without a deletion having begun.
    const last = type.gracePeriodSeconds === undefined && isUnmarked(object) ? object : marked;
    return { ...operations.store.remove(storageKey(type), last), removed: true };
  }
  if (marked === object) return { object, json: JSON.stringify(object), removed: false };
  return { ...operations.store.put(storageKey(type), marked), removed: false };
}

/** Deleted by now, which is what its caller wanted. For the controllers of this process. */
export function deleteIfThere(
  operations: ObjectOperations,
  type: ResourceType,
  object: KubeObject,
  gracePeriodSeconds?: number,
): void {
  const current = operations.find(type, object.metadata);
  if (current?.metadata.uid !== object.metadata.uid) return;
  deleteObject(operations, type, current.metadata, { gracePeriodSeconds });
}

function checkPreconditions(type: ResourceType, object: KubeObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const subject = subjectOf(type, object.metadata.name);
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

/** The object with its deletion noted; the very same when it is noted already and no sooner end is asked for. */
function markDeleted(
  operations: ObjectOperations,
  type: ResourceType,
  object: KubeObject,
  graceSeconds: number,
): KubeObject {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = object.metadata;
  if (deletionTimestamp !== undefined && graceSeconds >= deletionGracePeriodSeconds) return object;
  return edited(object, (draft) => {
    draft.metadata.deletionTimestamp = timestamp(operations.clock.now() + graceSeconds * 1000);
    draft.metadata.deletionGracePeriodSeconds = graceSeconds;
    if (deletionTimestamp === undefined && draft.metadata.generation !== undefined) {
      draft.metadata.generation += 1;
    }
    type.markDeleted?.(draft);
  });
}

function orphanDependents(operations: ObjectOperations, owner: KubeObject): void {
  for (const type of RESOURCE_TYPES) {
    for (const dependent of operations.list(type, owner.metadata.namespace)) {
      const owners = dependent.metadata.ownerReferences ?? [];
      if (!owners.some((each) => each.uid === owner.metadata.uid)) continue;
      operations.edit(type, dependent.metadata, (draft) => {
        draft.metadata.ownerReferences = owners.filter((each) => each.uid !== owner.metadata.uid);
      });
    }
  }
}
