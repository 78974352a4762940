import { z } from "zod";
import { notSupported, invalidField, type ResourceType } from "../resources/resourceType.ts";
import type { KubeObject } from "../kube/kubeObject.ts";
import { badRequest, invalid } from "../kube/statusError.ts";

/**
 * Finalizers of an owner that is being deleted: its dependents are orphaned first, or deleted
 * first.
 */
export const ORPHAN = "orphan";
export const FOREGROUND = "foregroundDeletion";

const POLICIES = ["Foreground", "Background", "Orphan"] as const;

const optionsShape = z.looseObject({
  // A negative value means the shortest grace period.
  gracePeriodSeconds: z
    .number()
    .int()
    .transform((seconds) => (seconds < 0 ? 1 : seconds))
    .nullish(),
  preconditions: z
    .looseObject({ uid: z.string().nullish(), resourceVersion: z.string().nullish() })
    .nullish(),
  propagationPolicy: z.string().nullish(),
  orphanDependents: z.boolean().nullish(),
  dryRun: z.array(z.string()).nullish(),
});

export type DeleteOptions = z.output<typeof optionsShape>;

export function parseDeleteOptions(input: unknown): DeleteOptions {
  const result = optionsShape.safeParse(input ?? {});
  if (!result.success) {
    throw badRequest(`invalid DeleteOptions: ${z.prettifyError(result.error)}`);
  }
  const { propagationPolicy: policy, orphanDependents } = result.data;
  const field = "propagationPolicy";
  const subject = { group: "meta.k8s.io", resource: "DeleteOptions" };
  if (typeof policy === "string" && !POLICIES.some((each) => each === policy)) {
    throw invalid("DeleteOptions", subject, [notSupported(field, policy, POLICIES)]);
  }
  if (typeof policy === "string" && typeof orphanDependents === "boolean") {
    const message = `Invalid value: "${policy}": orphanDependents and propagationPolicy exclude each other`;
    throw invalid("DeleteOptions", subject, [invalidField(field, message)]);
  }
  return result.data;
}

/** Whether the caller specified what happens to dependents. */
export function specifiesPropagation({
  propagationPolicy,
  orphanDependents,
}: DeleteOptions): boolean {
  return typeof propagationPolicy === "string" || typeof orphanDependents === "boolean";
}

/**
 * The finalizers of an object whose deletion begins: as requested, otherwise as present, otherwise
 * the kind's default.
 */
export function deletionFinalizers(
  type: ResourceType,
  object: KubeObject,
  options: DeleteOptions,
): string[] {
  const before = object.metadata.finalizers ?? [];
  const others = before.filter((each) => each !== ORPHAN && each !== FOREGROUND);
  const requested = requestedFinalizer(options);
  if (requested !== undefined) return requested === "" ? others : [...others, requested];
  if (others.length < before.length) return before;
  return type.orphansByDefault === true ? [...others, ORPHAN] : others;
}

function requestedFinalizer(options: DeleteOptions): string | undefined {
  if (!specifiesPropagation(options)) return undefined;
  const { propagationPolicy, orphanDependents } = options;
  if (orphanDependents === true || propagationPolicy === "Orphan") return ORPHAN;
  return propagationPolicy === "Foreground" ? FOREGROUND : "";
}
