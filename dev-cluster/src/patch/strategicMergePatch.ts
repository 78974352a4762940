import { isDeepStrictEqual } from "node:util";
import { isRecord } from "../objects/admission.ts";
import { badRequest } from "../objects/statusError.ts";

type Fields = Record<string, unknown>;

/** Lists that are merged by a key of their elements; several keys where one name is used by different kinds. */
const MERGE_KEYS: Record<string, readonly string[]> = {
  containers: ["name"],
  initContainers: ["name"],
  ephemeralContainers: ["name"],
  env: ["name"],
  volumes: ["name"],
  volumeMounts: ["mountPath"],
  volumeDevices: ["devicePath"],
  ports: ["containerPort", "port"],
  imagePullSecrets: ["name"],
  secrets: ["name"],
  hostAliases: ["ip"],
  topologySpreadConstraints: ["topologyKey"],
  schedulingGates: ["name"],
  conditions: ["type"],
  addresses: ["type"],
  podIPs: ["ip"],
  ownerReferences: ["uid"],
};

/** Lists of plain values that are merged as sets. */
const SETS = new Set(["finalizers"]);

/**
 * The patch that kubectl and controllers send: maps are merged, the lists above by their key, all others (tolerations and
 * taints among them) replaced. Knows `$patch`, `$retainKeys`, `$deleteFromPrimitiveList` and takes `$setElementOrder` as a hint.
 */
export function strategicMergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) throw badRequest("a strategic merge patch is an object");
  return mergeMaps(isRecord(target) ? target : {}, patch);
}

function mergeMaps(target: Fields, patch: Fields): Fields {
  if (patch["$patch"] === "replace") return without(patch, "$patch");
  if (patch["$patch"] === "delete") return {};
  const result: Fields = { ...target };
  const retained = patch["$retainKeys"];
  if (Array.isArray(retained)) {
    for (const key of Object.keys(result))
      if (!retained.includes(key)) Reflect.deleteProperty(result, key);
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith("$deleteFromPrimitiveList/")) {
      const field = key.slice(key.indexOf("/") + 1);
      const dropped = Array.isArray(value) ? value : [];
      result[field] = list(result[field]).filter((each) => !dropped.includes(each));
    } else if (key.startsWith("$")) {
      continue;
    } else if (value === null) {
      Reflect.deleteProperty(result, key);
    } else {
      result[key] = mergeValue(key, result[key], value);
    }
  }
  return result;
}

function mergeValue(key: string, target: unknown, value: unknown): unknown {
  if (isRecord(value)) return mergeMaps(isRecord(target) ? target : {}, value);
  if (!Array.isArray(value)) return value;
  if (SETS.has(key)) return [...new Set([...list(target), ...list(value)])];
  const mergeKey = mergeKeyOf(key, value);
  return mergeKey === undefined
    ? value.filter((each) => !isDeepStrictEqual(each, { $patch: "replace" }))
    : mergeLists(mergeKey, list(target), value);
}

function mergeKeyOf(field: string, elements: readonly unknown[]): string | undefined {
  const directive = (each: Fields) =>
    each["$patch"] === "replace" && Object.keys(each).length === 1;
  const keyed = elements.filter((each) => isRecord(each) && !directive(each)) as Fields[];
  if (elements.some((each) => !isRecord(each))) return undefined;
  return MERGE_KEYS[field]?.find((key) => keyed.every((each) => each[key] !== undefined));
}

function mergeLists(mergeKey: string, target: unknown[], patch: unknown[]): unknown[] {
  const elements = patch.filter(isRecord);
  const replaces = elements.some((each) => each["$patch"] === "replace" && !(mergeKey in each));
  let result: unknown[] = replaces ? [] : [...target];
  for (const element of elements) {
    const key = element[mergeKey];
    if (key === undefined) continue;
    const index = result.findIndex((each) => isRecord(each) && each[mergeKey] === key);
    if (element["$patch"] === "delete") {
      result = result.filter((_, at) => at !== index);
    } else if (index === -1) {
      result = [...result, mergeMaps({}, element)];
    } else {
      result[index] = mergeMaps(result[index] as Fields, element);
    }
  }
  return result;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function without(fields: Fields, key: string): Fields {
  const copy = { ...fields };
  Reflect.deleteProperty(copy, key);
  return copy;
}
