import type { Node } from "../resources/node.ts";
import {
  tolerates,
  type NodeSelectorRequirement,
  type NodeSelectorTerm,
  type Pod,
} from "../resources/pod.ts";
import type { Amounts } from "../kube/quantity.ts";

/** A node and its free amounts. */
export interface Candidate {
  readonly node: Node;
  free: Amounts;
}

/**
 * The reason why the pod does not fit the node, in the words of kube-scheduler; undefined if it
 * fits.
 */
export function predicateFailure(
  pod: Pod,
  requests: Amounts,
  candidate: Candidate,
): string | undefined {
  const { node, free } = candidate;
  if (node.spec?.unschedulable === true) {
    const taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };
    if (tolerates(pod.spec.tolerations, taint) === undefined) return "node(s) were unschedulable";
  }
  if (!isReady(node)) return "node(s) were not ready";
  for (const taint of node.spec?.taints ?? []) {
    if (taint.effect === "PreferNoSchedule") continue;
    if (tolerates(pod.spec.tolerations, taint) === undefined) {
      return `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ""}}`;
    }
  }
  if (!matchesAffinity(pod, node)) return "node(s) didn't match Pod's node affinity/selector";
  for (const [name, amount] of Object.entries(requests)) {
    if (amount <= (free[name] ?? 0)) continue;
    return name === "pods" ? "Too many pods" : `Insufficient ${name}`;
  }
  return undefined;
}

/** Whether a term matches the node: the terms of a volume or a pod. */
export function matchesTerms(terms: readonly NodeSelectorTerm[], node: Node): boolean {
  return terms.some((term) => {
    const { matchExpressions = [], matchFields = [] } = term;
    // An empty term matches nothing.
    if (matchExpressions.length + matchFields.length === 0) return false;
    return (
      matchExpressions.every((each) => meets(each, node.metadata.labels?.[each.key])) &&
      matchFields.every((each) =>
        meets(each, each.key === "metadata.name" ? node.metadata.name : undefined),
      )
    );
  });
}

function matchesAffinity(pod: Pod, node: Node): boolean {
  const selector = Object.entries(pod.spec.nodeSelector ?? {});
  if (!selector.every(([key, value]) => node.metadata.labels?.[key] === value)) return false;
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || matchesTerms(required.nodeSelectorTerms, node);
}

function meets(requirement: NodeSelectorRequirement, value: string | undefined): boolean {
  const { operator, values = [] } = requirement;
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return Number(value) > Number(values[0]);
    case "Lt":
      return Number(value) < Number(values[0]);
  }
}

/** A node that has not reported its status is not ready. */
function isReady(node: Node): boolean {
  return (
    node.status?.conditions?.some((each) => each.type === "Ready" && each.status === "True") ??
    false
  );
}
