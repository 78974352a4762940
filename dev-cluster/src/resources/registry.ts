import { jobType } from "./job.ts";
import { networkPolicyType } from "./networkPolicy.ts";
import { podType } from "./podType.ts";
import { storageKey, type ResourceType } from "./resourceType.ts";
import { serviceType } from "./service.ts";
import {
  configMapType,
  disruptionBudgetType,
  eventType,
  leaseType,
  namespaceType,
  nodeType,
  secretType,
  serviceAccountType,
} from "./simpleTypes.ts";
import { snapshotClassType, snapshotContentType, snapshotType } from "./snapshots.ts";
import { claimType, storageClassType, volumeType } from "./volumes.ts";

/** Every kind that the server serves. A new kind is an entry here. */
export const RESOURCE_TYPES: readonly ResourceType[] = [
  namespaceType,
  nodeType,
  podType,
  serviceType,
  secretType,
  configMapType,
  serviceAccountType,
  eventType,
  claimType,
  volumeType,
  leaseType,
  storageClassType,
  disruptionBudgetType,
  networkPolicyType,
  jobType,
  snapshotType,
  snapshotContentType,
  snapshotClassType,
];

const byKey = new Map(RESOURCE_TYPES.map((type) => [storageKey(type), type]));
const byKind = new Map(RESOURCE_TYPES.map((type) => [`${type.group}/${type.kind}`, type]));

export function findType(group: string, version: string, resource: string) {
  const type = byKey.get(storageKey({ group, resource }));
  return type?.version === version ? type : undefined;
}

/** The kind that an owner reference names. */
export function typeOfKind(apiVersion: string, kind: string): ResourceType | undefined {
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  return byKind.get(`${group}/${kind}`);
}
