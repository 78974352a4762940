/** The fields of Kubernetes objects that the agents read or write, as on the wire. */
export interface Metadata {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion?: string;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export interface KubeObject {
  metadata: Metadata;
}

export interface VolumeMount {
  name: string;
  mountPath: string;
  subPath?: string;
  readOnly?: boolean;
}

export interface Probe {
  exec?: { command?: string[] };
  tcpSocket?: { port: number | string };
  initialDelaySeconds?: number;
  periodSeconds?: number;
}

export interface Container {
  name: string;
  image: string;
  command?: string[];
  args?: string[];
  workingDir?: string;
  env?: { name: string; value?: string }[];
  ports?: { name?: string; containerPort: number }[];
  volumeMounts?: VolumeMount[];
  readinessProbe?: Probe;
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
}

export interface Volume {
  name: string;
  emptyDir?: { medium?: string; sizeLimit?: string };
  secret?: {
    secretName: string;
    defaultMode?: number;
    optional?: boolean;
    items?: { key: string; path: string; mode?: number }[];
  };
  persistentVolumeClaim?: { claimName: string };
}

export interface Pod extends KubeObject {
  metadata: Metadata & { namespace: string };
  spec: {
    nodeName?: string;
    hostname?: string;
    restartPolicy?: "Always" | "OnFailure" | "Never";
    terminationGracePeriodSeconds?: number;
    initContainers?: Container[];
    containers: Container[];
    volumes?: Volume[];
  };
  status?: PodStatus;
}

export interface Condition {
  type: string;
  status: "True" | "False" | "Unknown";
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

export interface Terminated {
  exitCode: number;
  signal?: number;
  reason: string;
  message?: string;
  startedAt?: string;
  finishedAt: string;
  containerID?: string;
}

export interface ContainerState {
  waiting?: { reason: string; message?: string };
  running?: { startedAt: string };
  terminated?: Terminated;
}

export interface ContainerStatus {
  name: string;
  image: string;
  imageID: string;
  containerID?: string;
  ready: boolean;
  started: boolean;
  restartCount: number;
  state: ContainerState;
  lastState: ContainerState;
}

export interface PodStatus {
  phase?: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
  reason?: string;
  message?: string;
  podIP?: string;
  startTime?: string;
  conditions?: Condition[];
  containerStatuses?: ContainerStatus[];
}

export interface Secret extends KubeObject {
  data?: Record<string, string>;
}

export interface PersistentVolumeClaim extends KubeObject {
  metadata: Metadata & { namespace: string };
  spec: {
    storageClassName?: string;
    volumeName?: string;
    volumeMode?: string;
    accessModes?: string[];
    resources?: { requests?: { storage?: string } };
    dataSource?: { kind: string; name: string };
    dataSourceRef?: { kind: string; name: string };
  };
  status?: { phase?: string };
}

export interface PersistentVolume extends KubeObject {
  spec: {
    claimRef?: { namespace: string; name: string; uid?: string };
    storageClassName?: string;
    hostPath?: { path: string };
    csi?: { driver: string; volumeHandle: string };
  };
  status?: { phase?: string };
}
