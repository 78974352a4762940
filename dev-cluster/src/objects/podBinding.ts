import { timestamp } from "../platform/clock.ts";
import type { Pod } from "../resources/pod.ts";
import { podType } from "../resources/podType.ts";
import { storageKey, subjectOf } from "../resources/resourceType.ts";
import { isRecord, edited, withCondition, type ObjectKey } from "../kube/kubeObject.ts";
import type { ObjectOperations } from "./objectOperations.ts";
import { badRequest, conflict } from "../kube/statusError.ts";

/**
 * Binds the pod to its node, once. Throws 409 if it is bound, being deleted or not the requested
 * pod.
 */
export function bindPod(operations: ObjectOperations, key: ObjectKey, body: unknown): void {
  const binding = isRecord(body) ? body : {};
  const target = isRecord(binding["target"]) ? binding["target"] : {};
  const nodeName = target["name"];
  if (typeof nodeName !== "string" || nodeName === "") {
    throw badRequest("a binding must name its node in target.name");
  }
  const pod = operations.get(podType, key);
  const metadata = isRecord(binding["metadata"]) ? binding["metadata"] : {};
  const reason = refusal(pod, nodeName, metadata);
  if (reason !== undefined)
    throw conflict({ ...subjectOf(podType, key.name), resource: "pods/binding" }, reason);
  const now = timestamp(operations.clock.now());
  const bound = edited(pod, (draft) => {
    draft.spec.nodeName = nodeName;
    const condition = { type: "PodScheduled", status: "True" as const, lastTransitionTime: now };
    draft.status = {
      ...draft.status,
      conditions: withCondition(draft.status?.conditions, condition),
    };
    // Remove what earlier scheduling failures left.
    for (const each of draft.status.conditions ?? []) {
      if (each.type !== "PodScheduled") continue;
      delete each.reason;
      delete each.message;
    }
  });
  operations.store.put(storageKey(podType), bound);
}

function refusal(pod: Pod, nodeName: string, metadata: Record<string, unknown>) {
  const { uid, deletionTimestamp } = pod.metadata;
  if (deletionTimestamp !== undefined)
    return `pod ${pod.metadata.name} is being deleted, cannot be assigned to a host`;
  if ((pod.spec.nodeName ?? "") !== "") {
    return `pod ${pod.metadata.name} is already assigned to node "${pod.spec.nodeName ?? ""}", and can't go to "${nodeName}"`;
  }
  const requested = metadata["uid"];
  if (typeof requested === "string" && requested !== "" && requested !== uid) {
    return `Precondition failed: UID in precondition: ${requested}, UID in object meta: ${uid}`;
  }
  return undefined;
}
