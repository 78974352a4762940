import type { Condition, KubeObject } from "../kube/kubeObject.ts";

export const NOT_READY = "node.kubernetes.io/not-ready";

export interface Taint {
  key: string;
  value?: string;
  effect: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
  timeAdded?: string;
}

export interface Node extends KubeObject {
  spec?: { unschedulable?: boolean; taints?: Taint[] };
  status?: {
    allocatable?: Record<string, string | number>;
    capacity?: Record<string, string | number>;
    conditions?: Condition[];
    nodeInfo?: Record<string, string>;
    daemonEndpoints?: object;
  };
}
