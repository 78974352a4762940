import {
  forbiddenField,
  invalidField,
  subjectOf,
  type ResourceType,
} from "../resources/resourceType.ts";
import { refuseInvalid } from "./admission.ts";
import type { KubeObject, ObjectMeta, ObjectKey } from "../kube/kubeObject.ts";
import { badRequest, conflict, invalid, modifiedMeanwhile } from "../kube/statusError.ts";

/**
 * Throws if the sent object is a different object than the one at the path, or an older version of
 * it.
 */
export function checkIdentity(
  type: ResourceType,
  key: ObjectKey,
  sent: KubeObject,
  old: KubeObject,
  replaces: boolean,
): void {
  const meta = sent.metadata as Partial<ObjectMeta>;
  if ((meta.name ?? key.name) !== key.name) {
    throw badRequest(
      `the name of the object (${String(meta.name)}) does not match the name on the URL (${key.name})`,
    );
  }
  if ((meta.namespace ?? key.namespace) !== key.namespace) {
    throw badRequest("the namespace of the object does not match the namespace on the URL");
  }
  if (meta.uid !== undefined && meta.uid !== "" && meta.uid !== old.metadata.uid) {
    // In a replacement the uid is a precondition; a patch would change it.
    if (!replaces) {
      const message = `Invalid value: "${meta.uid}": field is immutable`;
      refuseInvalid(type, old, [invalidField("metadata.uid", message)]);
    }
    const message = `Precondition failed: UID in precondition: ${meta.uid}, UID in object meta: ${old.metadata.uid}`;
    throw conflict(subjectOf(type, key.name), message);
  }
  const version = meta.resourceVersion;
  if (replaces && type.replacedByVersion === true && (version === undefined || version === "")) {
    const message = "Invalid value: 0: must be specified for an update";
    const subject = subjectOf(type, key.name);
    throw invalid(type.resource, subject, [invalidField("metadata.resourceVersion", message)]);
  }
  if (version !== undefined && version !== "" && version !== old.metadata.resourceVersion) {
    throw modifiedMeanwhile(subjectOf(type, key.name));
  }
}

/** The metadata that a client may change on an update; the rest stays unchanged. */
function metadataOf(old: KubeObject, sent: KubeObject): ObjectMeta {
  const { labels, annotations, finalizers, ownerReferences } = sent.metadata;
  const kept = { ...old.metadata };
  delete kept.labels;
  delete kept.annotations;
  delete kept.finalizers;
  delete kept.ownerReferences;
  return {
    ...kept,
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(finalizers === undefined || finalizers.length === 0 ? {} : { finalizers }),
    ...(ownerReferences === undefined ? {} : { ownerReferences }),
  };
}

export function withSpecOf(old: KubeObject, sent: KubeObject): KubeObject {
  const next = { ...sent, metadata: metadataOf(old, sent), status: old.status };
  return next;
}

export function withStatusOf(old: KubeObject, sent: KubeObject): KubeObject {
  const metadata = metadataOf(old, sent);
  delete metadata.ownerReferences;
  const { ownerReferences } = old.metadata;
  return structuredClone({
    ...old,
    metadata: { ...metadata, ...(ownerReferences === undefined ? {} : { ownerReferences }) },
    status: sent.status,
  });
}

export function checkFinalizers(next: KubeObject, old: KubeObject) {
  if (old.metadata.deletionTimestamp === undefined) return [];
  const before = old.metadata.finalizers ?? [];
  return (next.metadata.finalizers ?? [])
    .filter((each) => !before.includes(each))
    .map((each) =>
      forbiddenField(
        "metadata.finalizers",
        `no new finalizers can be added if the object is being deleted, found new finalizers "${each}"`,
      ),
    );
}
