import type { StatusCause } from "../kube/statusError.ts";
import type { Container, PodSpec, Volume } from "./pod.ts";
import { parseQuantity } from "../kube/quantity.ts";
import { duplicate, forbiddenField, notSupported, required, invalidField } from "./resourceType.ts";
import { isDnsLabel } from "./shapes.ts";

const OPERATORS = ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"];
const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/**
 * Validates a pod's spec beyond its shape, also in a job's template. `path` is the path of the
 * spec.
 */
export function validatePodSpec(spec: PodSpec, path: string): StatusCause[] {
  const volumes = (spec.volumes ?? []).map((volume) => volume.name);
  const names = new Set<string>();
  const containers = (list: readonly Container[], field: string): StatusCause[] =>
    list.flatMap((container, index) => {
      const at = `${path}.${field}[${String(index)}]`;
      const isDuplicate = names.has(container.name);
      names.add(container.name);
      return [
        ...(isDuplicate ? [duplicate(`${at}.name`, container.name)] : []),
        ...validateContainer(container, at, volumes),
      ];
    });
  return [
    ...containers(spec.initContainers ?? [], "initContainers"),
    ...containers(spec.containers, "containers"),
    ...validateVolumes(spec.volumes ?? [], `${path}.volumes`),
    ...validateHostNames(spec, path),
    ...validatePlacement(spec, path),
  ];
}

function validateContainer(container: Container, at: string, volumes: string[]): StatusCause[] {
  const mounts = (container.volumeMounts ?? []).flatMap((mount, index) => {
    const causes: StatusCause[] = [];
    if (!volumes.includes(mount.name)) {
      const field = `${at}.volumeMounts[${String(index)}].name`;
      causes.push({ reason: "FieldValueNotFound", field, message: `Not found: "${mount.name}"` });
    }
    if (mount.subPath?.split("/").includes("..") === true) {
      const message = `Invalid value: "${mount.subPath}": must not contain '..'`;
      causes.push(invalidField(`${at}.volumeMounts.subPath`, message));
    }
    return causes;
  });
  const image = container.image === undefined ? [required(`${at}.image`)] : [];
  return [...image, ...mounts, ...validateResources(container, `${at}.resources`)];
}

function validateResources(container: Container, at: string): StatusCause[] {
  const limits = container.resources?.limits ?? {};
  const requests = container.resources?.requests ?? {};
  const causes: StatusCause[] = [];
  for (const [kind, amounts] of Object.entries({ limits, requests })) {
    for (const [name, text] of Object.entries(amounts)) {
      const amount = parseQuantity(text) ?? 0;
      const field = `${at}.${kind}[${name}]`;
      if (amount < 0)
        causes.push(invalidField(field, `Invalid value: "${String(text)}": is negative`));
      if (isExtended(name) && !Number.isInteger(amount)) {
        causes.push(invalidField(field, `Invalid value: "${String(text)}": must be an integer`));
      }
    }
  }
  for (const [name, text] of Object.entries(requests)) {
    const limit = limits[name];
    const requested = parseQuantity(text) ?? 0;
    if (isExtended(name) && limit === undefined) {
      causes.push(required(`${at}.limits`, `Required value: ${name} can't be overcommitted`));
    } else if (isExtended(name) && requested !== parseQuantity(limit ?? 0)) {
      const message = `Invalid value: "${String(text)}": must be equal to ${name} limit`;
      causes.push(invalidField(`${at}.requests`, message));
    } else if (limit !== undefined && requested > (parseQuantity(limit) ?? 0)) {
      const message = `Invalid value: "${String(text)}": must be at most the ${name} limit`;
      causes.push(invalidField(`${at}.requests`, message));
    }
  }
  return causes;
}

/** Devices and other resources that are counted and cannot be overcommitted. */
const isExtended = (name: string): boolean => name.includes("/");

function validateVolumes(volumes: readonly Volume[], path: string): StatusCause[] {
  return volumes.flatMap((volume, index) => {
    const at = `${path}[${String(index)}]`;
    const { name, ...sources } = volume;
    const [, ...more] = Object.keys(sources);
    return [
      ...(volumes.findIndex((each) => each.name === name) < index
        ? [duplicate(`${at}.name`, name)]
        : []),
      ...more.map((source) =>
        forbiddenField(`${at}.${source}`, "may not specify more than 1 volume type"),
      ),
    ];
  });
}

function validateHostNames(spec: PodSpec, path: string): StatusCause[] {
  return (["hostname", "subdomain"] as const)
    .filter((field) => !["", undefined].includes(spec[field]) && !isDnsLabel(spec[field] ?? ""))
    .map((field) =>
      invalidField(`${path}.${field}`, `Invalid value: "${spec[field] ?? ""}": not a DNS label`),
    );
}

function validatePlacement(spec: PodSpec, path: string): StatusCause[] {
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const terms = `${path}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`;
  const affinity = (required?.nodeSelectorTerms ?? []).flatMap((term, index) =>
    (term.matchExpressions ?? []).flatMap(({ operator }, at) =>
      OPERATORS.includes(operator)
        ? []
        : [
            invalidField(
              `${terms}[${String(index)}].matchExpressions[${String(at)}].operator`,
              `Invalid value: "${operator}": not a valid selector operator`,
            ),
          ],
    ),
  );
  const tolerations = (spec.tolerations ?? []).flatMap(({ effect }, index) =>
    effect === undefined || effect === "" || EFFECTS.includes(effect)
      ? []
      : [notSupported(`${path}.tolerations[${String(index)}].effect`, effect, EFFECTS)],
  );
  return [...affinity, ...tolerations];
}
