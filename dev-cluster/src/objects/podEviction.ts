import { timestamp } from "../platform/clock.ts";
import { isTerminal, type Pod } from "../resources/pod.ts";
import { podType } from "../resources/podType.ts";
import { disruptionBudgetType, type DisruptionBudget } from "../resources/simpleTypes.ts";
import { isRecord, withCondition, type ObjectKey } from "../kube/kubeObject.ts";
import { parseDeleteOptions } from "./deleteOptions.ts";
import { checkPreconditions, deleteObject } from "./objectDeletion.ts";
import type { ObjectOperations } from "./objectOperations.ts";
import { selects } from "../kube/selectors.ts";
import { badRequest, StatusError } from "../kube/statusError.ts";

/** Deletes the pod; throws 429 if that would violate a disruption budget. */
export function evictPod(
  operations: ObjectOperations,
  key: ObjectKey,
  body: unknown,
  dryRun: boolean,
): void {
  const eviction = isRecord(body) ? body : {};
  const { name } = (eviction["metadata"] ?? {}) as { name?: unknown };
  if (name !== undefined && name !== key.name) {
    throw badRequest("name in URL does not match name in Eviction object");
  }
  const pod = operations.get(podType, key);
  const options = parseDeleteOptions(eviction["deleteOptions"]);
  checkPreconditions({ group: "", resource: "Pod", name: key.name }, pod, options);
  const isUnprotected =
    isTerminal(pod) ||
    pod.status?.phase === "Pending" ||
    pod.metadata.deletionTimestamp !== undefined;
  const blocking = isUnprotected ? undefined : blockingBudget(operations, pod);
  if (blocking !== undefined) {
    throw new StatusError(
      429,
      "TooManyRequests",
      "Cannot evict pod as it would violate the pod's disruption budget.",
      {
        causes: [
          {
            reason: "DisruptionBudget",
            field: "",
            message: `The disruption budget ${blocking} allows no disruption now`,
          },
        ],
      },
    );
  }
  if (dryRun || options.dryRun?.includes("All") === true) return;
  if (pod.metadata.deletionTimestamp === undefined) {
    operations.edit(podType, key, disrupt(operations), { subresource: "status" });
  }
  // The preconditions are met: any change since then was made here.
  deleteObject(operations, podType, key, { ...options, preconditions: null });
}

/** Records on the pod that an eviction ends it, before it ends. */
const disrupt =
  ({ clock }: ObjectOperations) =>
  (draft: Pod): void => {
    const condition = {
      type: "DisruptionTarget",
      status: "True" as const,
      reason: "EvictionByEvictionAPI",
      message: "Eviction API: evicting",
      lastTransitionTime: timestamp(clock.now()),
    };
    draft.status = {
      ...draft.status,
      conditions: withCondition(draft.status?.conditions, condition),
    };
  };

function blockingBudget(operations: ObjectOperations, pod: Pod): string | undefined {
  const { namespace } = pod.metadata;
  const budgets = operations.list(disruptionBudgetType, namespace);
  const pods = operations.list(podType, namespace);
  return budgets
    .filter((budget) => selects(budget.spec.selector, pod.metadata.labels))
    .find((budget) => allowedDisruptions(budget, pods) < 1)?.metadata.name;
}

/** How many of the selected pods may be disrupted. */
function allowedDisruptions(budget: DisruptionBudget, pods: readonly Pod[]): number {
  const selected = pods.filter(
    (each) => selects(budget.spec.selector, each.metadata.labels) && !isTerminal(each),
  );
  const healthy = selected.filter(
    (each) => each.metadata.deletionTimestamp === undefined && isReady(each),
  ).length;
  const { minAvailable, maxUnavailable } = budget.spec;
  const needed =
    maxUnavailable === undefined
      ? scaled(minAvailable ?? 1, selected.length)
      : selected.length - scaled(maxUnavailable, selected.length);
  return healthy - needed;
}

function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some((c) => c.type === "Ready" && c.status === "True") ?? false;
}

function scaled(value: number | string, total: number): number {
  if (typeof value === "number") return value;
  return Math.ceil((Number(value.replace("%", "")) / 100) * total);
}
