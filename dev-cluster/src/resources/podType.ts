import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { StatusCause } from "../kube/statusError.ts";
import { isTerminal, type Container, type Pod } from "./pod.ts";
import { preparePod, setPodDefaults } from "./podDefaults.ts";
import { validatePodSpec } from "./podValidation.ts";
import { forbiddenField, type ResourceType } from "./resourceType.ts";
import { dnsLabel, quantities } from "./shapes.ts";

const portNumber = z
  .number()
  .int()
  .refine((port) => port !== 0, "Required value")
  .refine((port) => port >= 0 && port <= 65_535, "a port number, up to 65535");

const containerShape = z.looseObject({
  name: dnsLabel,
  image: z.string().min(1, "Required value").optional(),
  command: z.array(z.string()).nullish(),
  args: z.array(z.string()).nullish(),
  env: z.array(z.looseObject({ name: z.string().min(1) })).nullish(),
  ports: z.array(z.looseObject({ containerPort: portNumber })).nullish(),
  resources: z
    .looseObject({ requests: quantities.nullish(), limits: quantities.nullish() })
    .nullish(),
  volumeMounts: z
    .array(z.looseObject({ name: z.string().min(1), mountPath: z.string().min(1) }))
    .nullish(),
});

/** Also the shape of the spec in a job's template. */
export const podSpecShape = z.looseObject({
  containers: z.array(containerShape).min(1, "Required value"),
  initContainers: z.array(containerShape).nullish(),
  volumes: z.array(z.looseObject({ name: dnsLabel })).nullish(),
  restartPolicy: z.enum(["Always", "OnFailure", "Never"]).nullish(),
  nodeSelector: z.record(z.string(), z.string()).nullish(),
  tolerations: z.array(z.looseObject({})).nullish(),
});

/** Pods, the kind with the most rules. */
export const podType: ResourceType<Pod> = {
  group: "",
  version: "v1",
  kind: "Pod",
  resource: "pods",
  shortNames: ["po"],
  namespaced: true,
  counted: true,
  subresources: ["status", "log", "eviction", "binding"],
  schema: z.looseObject({ spec: podSpecShape }),
  returnsDeleted: true,
  prepareCreate: preparePod,
  setDefaults: setPodDefaults,
  validate: ({ spec }) => validatePodSpec(spec, "spec"),
  validateUpdate: validatePodUpdate,
  fields: {
    "spec.nodeName": "",
    "spec.restartPolicy": "",
    "spec.schedulerName": "",
    "spec.serviceAccountName": "",
    "spec.hostNetwork": "false",
    "status.phase": "",
    "status.podIP": "",
    "status.nominatedNodeName": "",
  },
  gracePeriodSeconds: (pod, requested) =>
    // Without running processes, there is nothing to stop first.
    pod.spec.nodeName === undefined || pod.spec.nodeName === "" || isTerminal(pod)
      ? 0
      : (requested ?? pod.spec.terminationGracePeriodSeconds ?? 30),
};

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
