import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import {
  CONTENT_ANNOTATION,
  LABEL,
  WORKSPACE_PATH_ANNOTATION,
  type ContainerStatus,
  type KubeClaim,
  type KubeNode,
  type KubeObject,
  type KubePod,
  type Metadata,
} from "./kubeObjects.ts";
import type { ClaimView, NodeView, PodView } from "./port.ts";

const POD_PHASES = ["Pending", "Running", "Succeeded", "Failed", "Unknown"] as const;

/** @param resources the catalogue's extended resources, which count as GPUs */
export function podView(pod: KubePod, resources: readonly string[]): PodView {
  const labels = pod.metadata?.labels ?? {};
  const status = pod.status ?? {};
  const [container] = status.containerStatuses ?? [];
  const scheduled = status.conditions?.find((condition) => condition.type === "PodScheduled");
  return {
    name: pod.metadata?.name ?? "",
    namespace: pod.metadata?.namespace ?? "",
    uid: pod.metadata?.uid ?? "",
    installation: labels[LABEL.installation],
    reservationId: reservationOf(pod.metadata),
    node: pod.spec?.nodeName,
    phase: POD_PHASES.find((phase) => phase === status.phase) ?? "Unknown",
    reason: status.reason,
    message: status.message,
    ready: status.conditions?.some((c) => c.type === "Ready" && c.status === "True") ?? false,
    deleting: pod.metadata?.deletionTimestamp !== undefined,
    podIp: status.podIP,
    workspacePath: pod.metadata?.annotations?.[WORKSPACE_PATH_ANNOTATION],
    restarts: container?.restartCount ?? 0,
    lastTermination: terminationOf(container),
    // The other containers wait for an unfinished init container, so its reason is the relevant
    // one.
    waiting:
      (status.initContainerStatuses ?? [])
        .map(waitingOf)
        .find((waiting) => waiting !== undefined) ?? waitingOf(container),
    unschedulable:
      scheduled?.status === "False" ? (scheduled.message ?? "Unschedulable") : undefined,
    gpus: gpusOf(pod, resources),
    createdAt: dateOf(pod.metadata?.creationTimestamp) ?? new Date(0),
  };
}

function terminationOf(container: ContainerStatus | undefined): PodView["lastTermination"] {
  const ended = container?.state?.terminated ?? container?.lastState?.terminated;
  if (!ended) return undefined;
  return {
    reason: ended.reason ?? "Error",
    exitCode: ended.exitCode ?? -1,
    finishedAt: dateOf(ended.finishedAt),
  };
}

function waitingOf(container: ContainerStatus | undefined): PodView["waiting"] {
  const waiting = container?.state?.waiting;
  if (!waiting) return undefined;
  const { reason = "Waiting", message = "" } = waiting;
  return { reason, message, image: container.image };
}

function gpusOf(pod: KubePod, resources: readonly string[]): number {
  let gpus = 0;
  for (const { resources: requested } of pod.spec?.containers ?? []) {
    for (const name of resources) {
      gpus += countOf(requested?.requests?.[name] ?? requested?.limits?.[name]);
    }
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
    gpuType: labels[LABEL.type],
    zone: labels[LABEL.zone] ?? "",
    ready: ready?.status === "True",
    notReadySince: ready?.status === "True" ? undefined : dateOf(ready?.lastTransitionTime),
    cordoned: node.spec?.unschedulable ?? false,
    allocatable: each((name) => countOf(allocatable[name])),
    // A device plugin reports all its devices as capacity, and the healthy ones as allocatable.
    unhealthy: each((name) => Math.max(0, countOf(capacity[name]) - countOf(allocatable[name]))),
  };
}

/** An object of which only the metadata is needed. */
export interface MetadataView {
  readonly name: string;
  readonly uid: string;
  readonly reservationId: ReservationId | undefined;
  /** `contentDigest` of the last write; undefined on objects without one. */
  readonly content: string | undefined;
}

export function metadataView({ metadata }: KubeObject): MetadataView {
  return {
    name: metadata?.name ?? "",
    uid: metadata?.uid ?? "",
    reservationId: reservationOf(metadata),
    content: metadata?.annotations?.[CONTENT_ANNOTATION],
  };
}

export function claimView(claim: KubeClaim): ClaimView {
  return { uid: claim.metadata?.uid ?? "" };
}

function reservationOf(metadata: Metadata | undefined): ReservationId | undefined {
  return metadata?.labels?.[LABEL.reservation] as ReservationId | undefined;
}

function dateOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text);
}

/** Extended resources are whole numbers. */
function countOf(quantity: string | number | undefined): number {
  const count = Number(quantity ?? 0);
  return Number.isFinite(count) ? count : 0;
}
