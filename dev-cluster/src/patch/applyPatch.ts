import type { KubeObject } from "../kube/kubeObject.ts";
import { unsupportedMediaType } from "../kube/statusError.ts";
import type { ResourceType } from "../resources/resourceType.ts";
import { jsonPatch } from "./jsonPatch.ts";
import { mergePatch } from "./mergePatch.ts";
import { strategicMergePatch } from "./strategicMergePatch.ts";

type Patch = (target: unknown, patch: unknown, kind: string) => unknown;

const PATCHES: Record<string, Patch> = {
  "application/json-patch+json": jsonPatch,
  "application/merge-patch+json": mergePatch,
  "application/strategic-merge-patch+json": strategicMergePatch,
};

/** The object as the patch leaves it. Server-side apply is not served and is refused with 415. */
export function applyPatch(
  { kind, custom }: Pick<ResourceType, "kind" | "custom">,
  object: KubeObject,
  patch: unknown,
  contentType: string,
): unknown {
  const apply = PATCHES[contentType];
  // How lists of a custom kind merge is known to nobody.
  if (apply === undefined || (custom === true && apply === strategicMergePatch)) {
    const known = Object.keys(PATCHES).join(", ");
    throw unsupportedMediaType(
      `the body of the request was in an unknown format - accepted media types include: ${known}`,
    );
  }
  return apply(object, patch, kind);
}
