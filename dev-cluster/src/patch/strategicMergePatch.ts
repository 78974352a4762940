import { isDeepStrictEqual } from "node:util";
import { isRecord } from "../objects/admission.ts";
import { badRequest } from "../kube/statusError.ts";
import { fieldType, type FieldType } from "../schema/fieldTypes.ts";

type Fields = Record<string, unknown>;

/**
 * The patch that kubectl and controllers send: maps are merged, lists as the kind's fields say (by a key of their elements, as
 * a set, or replaced). Knows `$patch`, `$retainKeys`, `$deleteFromPrimitiveList` and takes `$setElementOrder` as a hint.
 */
export function strategicMergePatch(target: unknown, patch: unknown, kind: string): unknown {
  if (!isRecord(patch)) throw badRequest("a strategic merge patch is an object");
  return mergeMaps(isRecord(target) ? target : {}, patch, kind);
}

function mergeMaps(target: Fields, patch: Fields, type: string): Fields {
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
      result[key] = mergeValue(fieldType(type, key), result[key], value);
    }
  }
  return result;
}

function mergeValue(type: FieldType | undefined, target: unknown, value: unknown): unknown {
  // Below a map of values there are no fields with types of their own.
  const name = type?.many === "map" ? "" : (type?.name ?? "");
  if (isRecord(value)) return mergeMaps(isRecord(target) ? target : {}, value, name);
  if (!Array.isArray(value)) return value;
  const mergeKey = type?.mergeKey;
  if (mergeKey === undefined) {
    return value.filter((each) => !isDeepStrictEqual(each, { $patch: "replace" }));
  }
  if (mergeKey === "") return inOrder(list(target), value, isDeepStrictEqual);
  return mergeLists({ mergeKey, name }, list(target).filter(isRecord), value.filter(isRecord));
}

function mergeLists(
  { mergeKey, name }: { mergeKey: string; name: string },
  target: Fields[],
  patch: Fields[],
): unknown[] {
  const replaces = patch.some((each) => each["$patch"] === "replace" && !(mergeKey in each));
  const isSame = (a: Fields, b: Fields) => a[mergeKey] === b[mergeKey];
  const named = patch.filter((each) => each[mergeKey] !== undefined);
  const dropped = named.filter((each) => each["$patch"] === "delete");
  const kept = (replaces ? [] : target).filter((each) => !dropped.some((one) => isSame(one, each)));
  const merged = named
    .filter((each) => each["$patch"] !== "delete")
    .map((each) => mergeMaps(kept.find((one) => isSame(one, each)) ?? {}, each, name));
  return inOrder(kept, merged, isSame);
}

/** What the patch names stands where it stood; what is new comes before what the patch does not name. */
function inOrder<T>(target: T[], patch: T[], isSame: (a: T, b: T) => boolean): T[] {
  const others = target.filter((each) => !patch.some((one) => isSame(one, each)));
  const result: T[] = [];
  for (const each of patch) {
    const place = target.findIndex((one) => isSame(one, each));
    while (others[0] !== undefined && place > target.indexOf(others[0])) {
      result.push(...others.splice(0, 1));
    }
    result.push(each);
  }
  return [...result, ...others];
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function without(fields: Fields, key: string): Fields {
  const copy = { ...fields };
  Reflect.deleteProperty(copy, key);
  return copy;
}
