import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { KubeObject } from "../kube/kubeObject.ts";
import type { LabelSelector } from "../kube/selectors.ts";
import { NOT_READY, type Node } from "./node.ts";
import {
  forbiddenField,
  notSupported,
  required,
  invalidField,
  type ResourceType,
} from "./resourceType.ts";
import { anyObject, isDnsLabel, labelSelectorShape, quantities } from "./shapes.ts";

export interface Namespace extends KubeObject {
  spec?: { finalizers?: string[] };
  status?: { phase?: string };
}

interface Keyed extends KubeObject {
  type?: string;
  immutable?: boolean;
  data?: Record<string, string>;
  stringData?: Record<string, string>;
}

export interface DisruptionBudget extends KubeObject {
  spec: {
    selector?: LabelSelector;
    minAvailable?: number | string;
    maxUnavailable?: number | string;
  };
}

const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
const NODE_INFO = [
  "architecture",
  "bootID",
  "containerRuntimeVersion",
  "kernelVersion",
  "kubeProxyVersion",
  "kubeletVersion",
  "machineID",
  "operatingSystem",
  "osImage",
  "systemUUID",
];

const core = { group: "", version: "v1" } as const;

export const namespaceType: ResourceType<Namespace> = {
  ...core,
  kind: "Namespace",
  resource: "namespaces",
  shortNames: ["ns"],
  namespaced: false,
  subresources: ["status", "finalize"],
  returnsDeleted: true,
  schema: anyObject,
  prepareCreate(draft) {
    draft.spec = { finalizers: ["kubernetes"] };
    draft.status = { phase: "Active" };
    const { name } = draft.metadata;
    draft.metadata.labels = { ...draft.metadata.labels, "kubernetes.io/metadata.name": name };
  },
  validate: ({ metadata }) =>
    isDnsLabel(metadata.name)
      ? []
      : [invalidField("metadata.name", `Invalid value: "${metadata.name}": not a DNS label`)],
  setDefaults(draft) {
    draft.status ??= {};
  },
  // Held until the namespace controller has removed its contents.
  isHeld: (namespace) => (namespace.spec?.finalizers ?? []).length > 0,
  markDeleted(draft) {
    draft.status = { ...draft.status, phase: "Terminating" };
  },
  fields: { "status.phase": "" },
};

export const nodeType: ResourceType<Node> = {
  ...core,
  kind: "Node",
  resource: "nodes",
  shortNames: ["no"],
  namespaced: false,
  subresources: ["status"],
  schema: z.looseObject({
    spec: z
      .looseObject({
        unschedulable: z.boolean().nullish(),
        taints: z.array(z.looseObject({ key: z.string().min(1) })).nullish(),
      })
      .nullish(),
    status: z
      .looseObject({ allocatable: quantities.nullish(), capacity: quantities.nullish() })
      .nullish(),
  }),
  prepareCreate(draft) {
    draft.spec ??= {};
    // No pod is placed on the node before its agent has reported it as ready.
    const taints = (draft.spec.taints ??= []);
    if (!taints.some((taint) => taint.key === NOT_READY)) {
      taints.push({ key: NOT_READY, effect: "NoSchedule" });
    }
  },
  setDefaults(draft) {
    draft.spec ??= {};
    const info = Object.fromEntries(NODE_INFO.map((field) => [field, ""]));
    draft.status = {
      daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
      ...draft.status,
      nodeInfo: { ...info, ...draft.status?.nodeInfo },
    };
  },
  // The API itself reports this path, although the taints are in the spec.
  validate: ({ spec }) =>
    (spec?.taints ?? []).flatMap((taint, index) => {
      const field = `metadata.taints[${String(index)}].effect`;
      const { effect = "" } = taint as { effect?: string };
      if (effect === "") return [required(field)];
      return EFFECTS.includes(effect) ? [] : [notSupported(field, effect, EFFECTS)];
    }),
  fields: { "spec.unschedulable": "false" },
};

export const secretType: ResourceType<Keyed> = {
  ...core,
  kind: "Secret",
  resource: "secrets",
  shortNames: [],
  namespaced: true,
  subresources: [],
  schema: z.looseObject({
    type: z.string().nullish(),
    data: z.record(z.string(), z.string()).nullish(),
    stringData: z.record(z.string(), z.string()).nullish(),
  }),
  setDefaults(draft) {
    draft.type ??= "Opaque";
    for (const [key, text] of Object.entries(draft.stringData ?? {})) {
      (draft.data ??= {})[key] = Buffer.from(text, "utf8").toString("base64");
    }
    delete draft.stringData;
  },
  validate: dataKeys,
  validateUpdate: (next, old) => [
    ...(next.type === old.type
      ? []
      : [invalidField("type", `Invalid value: "${next.type ?? ""}": field is immutable`)]),
    ...immutableData(next, old),
  ],
  fields: { type: "" },
};

export const configMapType: ResourceType<Keyed> = {
  ...core,
  kind: "ConfigMap",
  resource: "configmaps",
  shortNames: ["cm"],
  namespaced: true,
  subresources: [],
  schema: z.looseObject({ data: z.record(z.string(), z.string()).nullish() }),
  validate: dataKeys,
  validateUpdate: immutableData,
};

export const serviceAccountType: ResourceType = {
  ...core,
  kind: "ServiceAccount",
  resource: "serviceaccounts",
  shortNames: ["sa"],
  namespaced: true,
  subresources: [],
  returnsDeleted: true,
  schema: anyObject,
};

export const eventType: ResourceType = {
  ...core,
  kind: "Event",
  resource: "events",
  shortNames: ["ev"],
  namespaced: true,
  subresources: [],
  schema: z.looseObject({ involvedObject: z.looseObject({}) }),
  fields: {
    reason: "",
    type: "",
    reportingComponent: "",
    "involvedObject.kind": "",
    "involvedObject.namespace": "",
    "involvedObject.name": "",
    "involvedObject.uid": "",
    "involvedObject.apiVersion": "",
    "involvedObject.resourceVersion": "",
    "involvedObject.fieldPath": "",
  },
};

export const leaseType: ResourceType = {
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  resource: "leases",
  shortNames: [],
  namespaced: true,
  replacedByVersion: true,
  subresources: [],
  schema: anyObject,
  validate: ({ spec }) => {
    const { leaseDurationSeconds: seconds } = (spec ?? {}) as { leaseDurationSeconds?: number };
    if (seconds === undefined || seconds > 0) return [];
    const message = `Invalid value: ${String(seconds)}: must be greater than 0`;
    return [invalidField("spec.leaseDurationSeconds", message)];
  },
};

export const disruptionBudgetType: ResourceType<DisruptionBudget> = {
  group: "policy",
  version: "v1",
  kind: "PodDisruptionBudget",
  resource: "poddisruptionbudgets",
  shortNames: ["pdb"],
  namespaced: true,
  replacedByVersion: true,
  counted: true,
  subresources: ["status"],
  schema: z.looseObject({ spec: z.looseObject({ selector: labelSelectorShape.nullish() }) }),
  prepareCreate(draft) {
    delete draft.status;
  },
  setDefaults(draft) {
    // An eviction computes the current values when it is requested.
    const none = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 };
    draft.status = { ...none, ...(draft.status as object | undefined) };
  },
  validate: ({ spec }) =>
    spec.minAvailable === undefined || spec.maxUnavailable === undefined
      ? []
      : [invalidField("spec", "Invalid value: minAvailable and maxUnavailable exclude each other")],
};

function dataKeys(object: Keyed) {
  return Object.keys(object.data ?? {})
    .filter((key) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key))
    .map((key) => invalidField(`data[${key}]`, `Invalid value: "${key}": not a valid key`));
}

function immutableData(next: Keyed, old: Keyed) {
  if (old.immutable !== true || isDeepStrictEqual(next.data, old.data)) return [];
  return [forbiddenField("data", "field is immutable when `immutable` is set")];
}
