import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import type { KubeClaim, KubeNode, KubeObject, KubePod, Metadata } from "./kubeObjects.ts";
import { CONTENT_ANNOTATION, LABEL, WORKSPACE_PATH_ANNOTATION } from "./labels.ts";
import type { ClaimView, NodeView, PodView } from "./port.ts";

const POD_PHASES = ["Pending", "Running", "Succeeded", "Failed", "Unknown"] as const;

/** @param resources extended resources that the catalogue names: what counts as a GPU */
export function podView(pod: KubePod, resources: readonly string[]): PodView {
  const labels = pod.metadata?.labels ?? {};
  const status = pod.status ?? {};
  const [container] = status.containerStatuses ?? [];
  const scheduled = status.conditions?.find((condition) => condition.type === "PodScheduled");
  return {
    name: pod.metadata?.name ?? "",
    namespace: pod.metadata?.namespace ?? "",
    uid: pod.metadata?.uid ?? "",
    installation: labels[LABEL.installation] ?? null,
    reservationId: reservationOf(pod.metadata),
    attempt: attemptOf(pod.metadata),
    node: pod.spec?.nodeName ?? null,
    phase: POD_PHASES.find((phase) => phase === status.phase) ?? "Unknown",
    reason: status.reason ?? null,
    message: status.message ?? null,
    ready: status.conditions?.some((c) => c.type === "Ready" && c.status === "True") ?? false,
    deleting: pod.metadata?.deletionTimestamp !== undefined,
    podIp: status.podIP ?? null,
    workspacePath: pod.metadata?.annotations?.[WORKSPACE_PATH_ANNOTATION] ?? null,
    restarts: container?.restartCount ?? 0,
    lastTermination: terminationOf(container),
    // Until an init container is done the others wait for it, and it knows why.
    waiting:
      (status.initContainerStatuses ?? []).map(waitingOf).find((waiting) => waiting !== null) ??
      waitingOf(container),
    unschedulable: scheduled?.status === "False" ? (scheduled.message ?? "Unschedulable") : null,
    scheduledAt: scheduled?.status === "True" ? dateOf(scheduled.lastTransitionTime) : null,
    gpus: gpusOf(pod, resources),
    createdAt: createdAt(pod.metadata),
  };
}

type Container = NonNullable<NonNullable<KubePod["status"]>["containerStatuses"]>[number];

function terminationOf(container: Container | undefined): PodView["lastTermination"] {
  const ended = container?.state?.terminated ?? container?.lastState?.terminated;
  if (!ended) return null;
  return {
    reason: ended.reason ?? "Error",
    exitCode: ended.exitCode ?? -1,
    finishedAt: dateOf(ended.finishedAt),
  };
}

function waitingOf(container: Container | undefined): PodView["waiting"] {
  const waiting = container?.state?.waiting;
  if (!waiting) return null;
  const { reason = "Waiting", message = "" } = waiting;
  return { reason, message, image: container.image ?? null };
}

function gpusOf(pod: KubePod, resources: readonly string[]): number {
  let gpus = 0;
  for (const { resources: asked } of pod.spec?.containers ?? []) {
    for (const name of resources) gpus += countOf(asked?.requests?.[name] ?? asked?.limits?.[name]);
  }
  return gpus;
}

export function nodeView(node: KubeNode, resources: readonly string[]): NodeView {
  const labels = node.metadata?.labels ?? {};
  const ready = node.status?.conditions?.find((condition) => condition.type === "Ready");
  const { allocatable = {}, capacity = {} } = node.status ?? {};
  const each = (amount: (resource: string) => number) =>
    Object.fromEntries(resources.map((name) => [name, amount(name)]));
  return {
    name: node.metadata?.name ?? "",
    uid: node.metadata?.uid ?? "",
    resourceVersion: node.metadata?.resourceVersion ?? "",
    gpuType: labels[LABEL.type] ?? null,
    zone: labels[LABEL.zone] ?? "",
    ready: ready?.status === "True",
    notReadySince: ready?.status === "True" ? null : dateOf(ready?.lastTransitionTime),
    cordoned: node.spec?.unschedulable ?? false,
    allocatable: each((name) => countOf(allocatable[name])),
    // A device plugin's devices are all of the capacity, and allocatable while they are healthy.
    unhealthy: each((name) => Math.max(0, countOf(capacity[name]) - countOf(allocatable[name]))),
  };
}

/** Of an object of which no more is needed. */
export interface MetadataView {
  readonly name: string;
  readonly uid: string;
  readonly reservationId: ReservationId | null;
  readonly attempt: number | null;
  readonly createdAt: Date;
  /** `contentMark` of what was last written; null on what has none. */
  readonly content: string | null;
}

export function metadataView({ metadata }: KubeObject): MetadataView {
  return {
    name: metadata?.name ?? "",
    uid: metadata?.uid ?? "",
    reservationId: reservationOf(metadata),
    attempt: attemptOf(metadata),
    createdAt: createdAt(metadata),
    content: metadata?.annotations?.[CONTENT_ANNOTATION] ?? null,
  };
}

export function claimView(claim: KubeClaim): ClaimView {
  const phase = claim.status?.phase;
  return {
    name: claim.metadata?.name ?? "",
    uid: claim.metadata?.uid ?? "",
    phase: phase === "Bound" || phase === "Lost" ? phase : "Pending",
  };
}

export function reservationOf(metadata: Metadata | undefined): ReservationId | null {
  return (metadata?.labels?.[LABEL.reservation] ?? null) as ReservationId | null;
}

export function attemptOf(metadata: Metadata | undefined): number | null {
  const attempt = Number(metadata?.labels?.[LABEL.attempt] ?? Number.NaN);
  return Number.isInteger(attempt) ? attempt : null;
}

export function createdAt(metadata: Metadata | undefined): Date {
  return dateOf(metadata?.creationTimestamp) ?? new Date(0);
}

function dateOf(text: string | undefined): Date | null {
  return text === undefined ? null : new Date(text);
}

/** Extended resources are whole numbers. */
function countOf(quantity: string | number | undefined): number {
  const count = Number(quantity ?? 0);
  return Number.isFinite(count) ? count : 0;
}
