import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { StatusCause } from "../objects/statusError.ts";
import type { Container, Pod } from "./pod.ts";
import { isTerminal } from "./pod.ts";
import { preparePod, setPodDefaults } from "./podDefaults.ts";
import { parseQuantity } from "./quantity.ts";
import type { ResourceType } from "./resourceType.ts";
import { forbiddenField, required, wrong } from "./resourceType.ts";
import { dnsLabel, isDnsLabel, quantities } from "./shapes.ts";

const containerShape = z.looseObject({
  name: dnsLabel,
  image: z.string().min(1, "Required value").optional(),
  command: z.array(z.string()).nullish(),
  args: z.array(z.string()).nullish(),
  env: z.array(z.looseObject({ name: z.string().min(1) })).nullish(),
  ports: z.array(z.looseObject({ containerPort: z.number().int().min(1).max(65535) })).nullish(),
  resources: z
    .looseObject({ requests: quantities.nullish(), limits: quantities.nullish() })
    .nullish(),
  volumeMounts: z
    .array(z.looseObject({ name: z.string().min(1), mountPath: z.string().min(1) }))
    .nullish(),
});

const podShape = z.looseObject({
  spec: z.looseObject({
    containers: z.array(containerShape).min(1, "Required value"),
    initContainers: z.array(containerShape).nullish(),
    volumes: z.array(z.looseObject({ name: dnsLabel })).nullish(),
    restartPolicy: z.enum(["Always", "OnFailure", "Never"]).nullish(),
    terminationGracePeriodSeconds: z.number().int().min(0).nullish(),
    nodeSelector: z.record(z.string(), z.string()).nullish(),
    tolerations: z.array(z.looseObject({})).nullish(),
  }),
});

/** Pods: the kind with the most rules. */
export const podType: ResourceType<Pod> = {
  group: "",
  version: "v1",
  kind: "Pod",
  resource: "pods",
  shortNames: ["po"],
  namespaced: true,
  subresources: ["status", "log", "eviction", "binding"],
  schema: podShape,
  returnsDeleted: true,
  prepareCreate: preparePod,
  setDefaults: setPodDefaults,
  validate: validatePod,
  validateUpdate: validatePodUpdate,
  fields: (pod) => ({
    "spec.nodeName": pod.spec.nodeName ?? "",
    "spec.restartPolicy": pod.spec.restartPolicy ?? "",
    "spec.schedulerName": pod.spec.schedulerName ?? "",
    "spec.serviceAccountName": pod.spec.serviceAccountName ?? "",
    "status.phase": pod.status?.phase ?? "",
    "status.podIP": pod.status?.podIP ?? "",
  }),
  gracePeriodSeconds: (pod, asked) =>
    // Nothing runs that would have to be ended first.
    pod.spec.nodeName === undefined || pod.spec.nodeName === "" || isTerminal(pod)
      ? 0
      : (asked ?? pod.spec.terminationGracePeriodSeconds ?? 30),
};

function validatePod(pod: Pod): StatusCause[] {
  const causes: StatusCause[] = [];
  const volumes = new Set((pod.spec.volumes ?? []).map((volume) => volume.name));
  const names = new Set<string>();
  const check = (container: Container, field: string) => {
    if (names.has(container.name)) {
      causes.push({
        reason: "FieldValueDuplicate",
        field: `${field}.name`,
        message: `Duplicate value: "${container.name}"`,
      });
    }
    names.add(container.name);
    if (container.image === undefined) causes.push(required(`${field}.image`));
    causes.push(...validateResources(container, field));
    (container.volumeMounts ?? []).forEach((mount, index) => {
      if (volumes.has(mount.name)) return;
      causes.push({
        reason: "FieldValueNotFound",
        field: `${field}.volumeMounts[${String(index)}].name`,
        message: `Not found: "${mount.name}"`,
      });
    });
  };
  pod.spec.containers.forEach((each, index) => {
    check(each, `spec.containers[${String(index)}]`);
  });
  pod.spec.initContainers?.forEach((each, index) => {
    check(each, `spec.initContainers[${String(index)}]`);
  });
  for (const field of ["hostname", "subdomain"] as const) {
    const value = (pod.spec as unknown as Record<string, unknown>)[field];
    if (typeof value === "string" && value !== "" && !isDnsLabel(value)) {
      causes.push(wrong(`spec.${field}`, `Invalid value: "${value}": not a DNS label`));
    }
  }
  return causes;
}

function validateResources(container: Container, field: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const limits = container.resources?.limits ?? {};
  const requests = container.resources?.requests ?? {};
  for (const [name, text] of Object.entries(requests)) {
    const request = parseQuantity(text) ?? 0;
    const limit = limits[name] === undefined ? undefined : parseQuantity(limits[name]);
    const at = `${field}.resources.requests`;
    if (request < 0) causes.push(wrong(at, `${name} must be greater than or equal to 0`));
    if (limit !== undefined && request > limit) {
      causes.push(wrong(at, `Invalid value: "${String(text)}": must be at most the ${name} limit`));
    }
    // Extended resources can't be overcommitted.
    if (name.includes("/") && (limit === undefined || request !== limit)) {
      causes.push(
        required(`${field}.resources.limits`, `${name} must be set and equal its request`),
      );
    }
    if (name.includes("/") && !Number.isInteger(request)) {
      causes.push(wrong(`${at}[${name}]`, `Invalid value: "${String(text)}": must be an integer`));
    }
  }
  return causes;
}

function validatePodUpdate(next: Pod, old: Pod): StatusCause[] {
  const kept = (next.spec.tolerations ?? []).slice(0, old.spec.tolerations?.length ?? 0);
  const onlyAdded = isDeepStrictEqual(kept, old.spec.tolerations ?? []);
  if (onlyAdded && isDeepStrictEqual(immutablePart(next), immutablePart(old))) return [];
  return [
    forbiddenField(
      "spec",
      "pod updates may not change fields other than `spec.containers[*].image`, " +
        "`spec.initContainers[*].image`, `spec.activeDeadlineSeconds`, `spec.schedulingGates`, " +
        "`spec.terminationGracePeriodSeconds`, or `spec.tolerations` (only additions to existing tolerations)",
    ),
  ];
}

function immutablePart(pod: Pod): object {
  const withoutImage = (container: Container) => ({ ...container, image: "" });
  return {
    ...pod.spec,
    containers: pod.spec.containers.map(withoutImage),
    initContainers: (pod.spec.initContainers ?? []).map(withoutImage),
    activeDeadlineSeconds: 0,
    terminationGracePeriodSeconds: 0,
    schedulingGates: [],
    tolerations: [],
  };
}
