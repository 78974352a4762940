/** Labels and annotations that we write; `docs/pod-contract.md` lists them. */
export const LABEL = {
  installation: "gpu-dev.io/installation",
  reservation: "gpu-dev.io/reservation",
  user: "gpu-dev.io/user",
  rank: "gpu-dev.io/rank",
  attempt: "gpu-dev.io/attempt",
  disk: "gpu-dev.io/disk",
  type: "gpu-dev.io/type",
  zone: "topology.kubernetes.io/zone",
  hostname: "kubernetes.io/hostname",
} as const;

/**
 * On a Secret: a digest of the content that changes, so that its metadata shows whether it is up to
 * date.
 */
export const CONTENT_ANNOTATION = "gpu-dev.io/content";
export const WORKSPACE_PATH_ANNOTATION = "gpu-dev.io/workspace-path";

/** The parts of Kubernetes objects that we read, as JSON. Every field may be missing. */
export interface Metadata {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface KubeObject {
  readonly kind?: string;
  readonly metadata?: Metadata;
}

export interface KubeList<Item> {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly Item[];
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

interface Terminated {
  readonly reason?: string;
  readonly exitCode?: number;
  readonly finishedAt?: string;
}

export interface ContainerStatus {
  readonly image?: string;
  readonly name?: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: Terminated;
  };
  readonly lastState?: { readonly terminated?: Terminated };
}

export interface KubePod extends KubeObject {
  readonly spec?: {
    readonly nodeName?: string;
    readonly containers?: readonly {
      readonly resources?: {
        readonly requests?: Readonly<Record<string, string | number>>;
        readonly limits?: Readonly<Record<string, string | number>>;
      };
    }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly podIP?: string;
    readonly conditions?: readonly Condition[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

export interface KubeNode extends KubeObject {
  readonly spec?: { readonly unschedulable?: boolean };
  readonly status?: {
    readonly allocatable?: Readonly<Record<string, string | number>>;
    readonly capacity?: Readonly<Record<string, string | number>>;
    readonly conditions?: readonly Condition[];
  };
}

export interface KubeClaim extends KubeObject {
  readonly status?: { readonly phase?: string };
}

export interface KubeSecret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** A refusal or an error of the API server. */
export interface KubeStatus extends KubeObject {
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly code?: number;
}
