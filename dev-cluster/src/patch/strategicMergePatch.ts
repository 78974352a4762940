import { isDeepStrictEqual } from "node:util";
import { isRecord } from "../kube/kubeObject.ts";
import { badRequest } from "../kube/statusError.ts";
import { fieldType, type FieldType } from "../schema/fieldTypes.ts";

type Fields = Record<string, unknown>;

/**
 * The patch of kubectl and of controllers: maps are merged; lists are merged by a key of their
 * elements, merged as a set, or replaced, as the kind's fields declare. Supports `$patch`,
 * `$retainKeys` and `$deleteFromPrimitiveList`; ignores `$setElementOrder`, which is only a hint.
 */
export function strategicMergePatch(target: unknown, patch: unknown, kind: string): unknown {
  if (!isRecord(patch)) throw badRequest("a strategic merge patch must be an object");
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
  // The values of a map have no fields with types.
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
  const kept = (replaces ? [] : target).filter(
    (each) => !dropped.some((other) => isSame(other, each)),
  );
  const merged = named
    .filter((each) => each["$patch"] !== "delete")
    .map((each) => mergeMaps(kept.find((other) => isSame(other, each)) ?? {}, each, name));
  return inOrder(kept, merged, isSame);
}

/**
 * Elements that the patch names keep their place; new elements come before those that it does not
 * name.
 */
function inOrder<T>(target: T[], patch: T[], isSame: (a: T, b: T) => boolean): T[] {
  const others = target.filter((each) => !patch.some((other) => isSame(other, each)));
  const result: T[] = [];
  for (const each of patch) {
    const place = target.findIndex((other) => isSame(other, each));
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
