import { isRecord, type KubeObject } from "../kube/kubeObject.ts";
import { unsupportedMediaType } from "../kube/statusError.ts";
import type { ResourceType } from "../resources/resourceType.ts";
import { jsonPatch } from "./jsonPatch.ts";
import { strategicMergePatch } from "./strategicMergePatch.ts";

type Patch = (target: unknown, patch: unknown, kind: string) => unknown;

const PATCHES: Record<string, Patch> = {
  "application/json-patch+json": jsonPatch,
  "application/merge-patch+json": mergePatch,
  "application/strategic-merge-patch+json": strategicMergePatch,
};

/** The patched object. Server-side apply is not supported and is refused with 415. */
export function applyPatch(
  { kind, custom }: Pick<ResourceType, "kind" | "custom">,
  object: KubeObject,
  patch: unknown,
  contentType: string,
): unknown {
  const apply = PATCHES[contentType];
  // Custom kinds do not declare how their lists merge.
  if (apply === undefined || (custom === true && apply === strategicMergePatch)) {
    const known = Object.keys(PATCHES).join(", ");
    throw unsupportedMediaType(
      `the body of the request was in an unknown format - accepted media types include: ${known}`,
    );
  }
  return apply(object, patch, kind);
}

/**
 * RFC 7386: maps are merged, null removes, and any other value replaces.
 *
 * Not the package json-merge-patch (1.0): it drops the rest of a map after a key named
 * `constructor` or `prototype`, both of which are valid in labels and in a ConfigMap's data.
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, key);
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}
