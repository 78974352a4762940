import { z } from "zod";
import type { ResourceType } from "../resources/resourceType.ts";
import { notSupported, wrong } from "../resources/resourceType.ts";
import type { KubeObject } from "../kube/kubeObject.ts";
import { badRequest, invalid } from "../kube/statusError.ts";

/** On an owner that is being deleted: its dependents are to be set free first, or to go first. */
export const ORPHAN = "orphan";
export const FOREGROUND = "foregroundDeletion";

const POLICIES = ["Foreground", "Background", "Orphan"] as const;

const optionsShape = z.looseObject({
  // A negative one means the shortest in which something can be ended.
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
    throw badRequest(`these are no DeleteOptions: ${z.prettifyError(result.error)}`);
  }
  const { propagationPolicy: policy, orphanDependents } = result.data;
  const field = "propagationPolicy";
  const subject = { group: "meta.k8s.io", resource: "DeleteOptions" };
  if (typeof policy === "string" && !POLICIES.some((each) => each === policy)) {
    throw invalid("DeleteOptions", subject, [notSupported(field, policy, POLICIES)]);
  }
  if (typeof policy === "string" && typeof orphanDependents === "boolean") {
    const why = `Invalid value: "${policy}": orphanDependents and it exclude each other`;
    throw invalid("DeleteOptions", subject, [wrong(field, why)]);
  }
  return result.data;
}

/** Whether the caller said what is to become of dependents. */
export function saysPropagation({ propagationPolicy, orphanDependents }: DeleteOptions): boolean {
  return typeof propagationPolicy === "string" || typeof orphanDependents === "boolean";
}

/** The finalizers of an object once its deletion begins: what was asked for, else what stands there, else its kind's way. */
export function deletionFinalizers(
  type: ResourceType,
  object: KubeObject,
  options: DeleteOptions,
): string[] {
  const before = object.metadata.finalizers ?? [];
  const others = before.filter((each) => each !== ORPHAN && each !== FOREGROUND);
  const asked = askedFinalizer(options);
  if (asked !== undefined) return asked === "" ? others : [...others, asked];
  if (others.length < before.length) return before;
  return type.orphansByDefault === true ? [...others, ORPHAN] : others;
}

function askedFinalizer(options: DeleteOptions): string | undefined {
  if (!saysPropagation(options)) return undefined;
  const { propagationPolicy, orphanDependents } = options;
  if (orphanDependents === true || propagationPolicy === "Orphan") return ORPHAN;
  return propagationPolicy === "Foreground" ? FOREGROUND : "";
}
