export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  name: string;
  generateName?: string;
  /** Absent on cluster-scoped objects. */
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
}

/** What every stored object has. Kinds that the server itself looks into extend it. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec?: unknown;
  status?: unknown;
}

export interface Condition {
  type: string;
  status: "True" | "False" | "Unknown";
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
  lastHeartbeatTime?: string;
}

/** The condition in its list, in its place, its transition time kept where its status did not change. */
export function withCondition(
  conditions: readonly Condition[] | undefined,
  condition: Condition & { lastTransitionTime: string },
): Condition[] {
  const old = conditions?.find((each) => each.type === condition.type);
  if (old === undefined) return [...(conditions ?? []), condition];
  const kept = old.status === condition.status ? old.lastTransitionTime : undefined;
  const next = { ...condition, lastTransitionTime: kept ?? condition.lastTransitionTime };
  return (conditions ?? []).map((each) => (each === old ? next : each));
}

/** Freezes all the way down, so that no reader can change what is stored. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}

/** A changed copy: the stored object is frozen. */
export function edited<T extends object>(object: T, change: (draft: T) => void): T {
  const draft = structuredClone(object);
  change(draft);
  return draft;
}
