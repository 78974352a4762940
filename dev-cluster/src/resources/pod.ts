import type { Condition, KubeObject } from "../kube/kubeObject.ts";
import { addAmounts, amountsOf, maxAmounts, type Amounts } from "../kube/quantity.ts";

export interface Toleration {
  key?: string;
  operator?: "Exists" | "Equal";
  value?: string;
  effect?: string;
  tolerationSeconds?: number;
}

export interface Container {
  name: string;
  image?: string;
  imagePullPolicy?: string;
  terminationMessagePath?: string;
  terminationMessagePolicy?: string;
  restartPolicy?: string;
  resources?: {
    requests?: Record<string, string | number>;
    limits?: Record<string, string | number>;
  };
  ports?: { name?: string; containerPort: number; protocol?: string }[];
  readinessProbe?: Probe;
  livenessProbe?: Probe;
  startupProbe?: Probe;
  volumeMounts?: { name: string; mountPath: string; subPath?: string }[];
}

export interface Probe {
  timeoutSeconds?: number;
  periodSeconds?: number;
  successThreshold?: number;
  failureThreshold?: number;
}

export interface NodeSelectorRequirement {
  key: string;
  operator: "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt";
  values?: string[];
}

export interface NodeSelectorTerm {
  matchExpressions?: NodeSelectorRequirement[];
  matchFields?: NodeSelectorRequirement[];
}

export interface Volume {
  name: string;
  persistentVolumeClaim?: { claimName: string };
  secret?: { secretName?: string; defaultMode?: number };
  configMap?: { name?: string; defaultMode?: number };
}

export interface PodSpec {
  hostname?: string;
  subdomain?: string;
  containers: Container[];
  initContainers?: Container[];
  volumes?: Volume[];
  nodeName?: string;
  nodeSelector?: Record<string, string>;
  affinity?: {
    nodeAffinity?: {
      requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms: NodeSelectorTerm[] };
    };
  };
  tolerations?: Toleration[];
  schedulerName?: string;
  schedulingGates?: { name: string }[];
  restartPolicy?: string;
  dnsPolicy?: string;
  terminationGracePeriodSeconds?: number;
  activeDeadlineSeconds?: number;
  securityContext?: object;
  serviceAccountName?: string;
  serviceAccount?: string;
  enableServiceLinks?: boolean;
  priority?: number;
  preemptionPolicy?: string;
}

export interface ContainerStatus {
  ready?: boolean;
  restartCount?: number;
  state?: { waiting?: { reason?: string }; terminated?: { reason?: string } };
}

export interface PodStatus {
  containerStatuses?: ContainerStatus[];
  phase?: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
  reason?: string;
  message?: string;
  qosClass?: string;
  podIP?: string;
  conditions?: Condition[];
}

export interface Pod extends KubeObject {
  spec: PodSpec;
  status?: PodStatus;
}

/** Whether the pod has ended: it then holds neither devices nor capacity. */
export function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

/**
 * The amounts that the pod takes of a node: the sum of its containers, or its largest init
 * container, and one pod.
 */
export function podRequests(pod: Pod): Amounts {
  let total: Amounts = {};
  for (const container of pod.spec.containers) {
    total = addAmounts(total, amountsOf(container.resources?.requests));
  }
  for (const container of pod.spec.initContainers ?? []) {
    total = maxAmounts(total, amountsOf(container.resources?.requests));
  }
  return { ...total, pods: 1 };
}

export function claimNames(pod: Pod): string[] {
  return (pod.spec.volumes ?? []).flatMap((volume) =>
    volume.persistentVolumeClaim === undefined ? [] : [volume.persistentVolumeClaim.claimName],
  );
}

export function tolerates(
  tolerations: readonly Toleration[] | undefined,
  taint: { key: string; value?: string; effect: string },
): Toleration | undefined {
  return tolerations?.find(
    (each) =>
      (each.effect === undefined || each.effect === "" || each.effect === taint.effect) &&
      (each.key === undefined || each.key === "" || each.key === taint.key) &&
      (each.operator === "Exists" ||
        (each.key !== undefined && (each.value ?? "") === (taint.value ?? ""))),
  );
}
