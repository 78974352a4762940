import type { DiskId, ReservationId, UserId } from "@gpu-dev/shared/ids.ts";

/**
 * All that the control plane wants of a cluster. Every call either answers what the API server said or throws:
 * `ClusterUnavailable` when nothing can be known now (network, 5xx, timeouts, 429), `ClusterRefused` when the server
 * understood and said no. A failed call is never an absence: only `undefined` or `"gone"` is.
 */
export interface Cluster {
  getPod(name: string): Promise<PodView | undefined>;
  /** Creates, or answers the one that is there. The caller compares label and attempt: a foreign one is `ClusterRefused`. */
  ensurePod(pod: PodRequest): Promise<PodView>;
  /** Deletes that very pod; `gone` when no pod of this UID is there, `deleting` while its processes end. */
  deletePod(name: string, uid: string): Promise<"deleting" | "gone">;
  /** For pods whose node is lost: removes the object without waiting for a kubelet. */
  forceDeletePod(name: string, uid: string): Promise<void>;
  /** Creates the Secret, or answers the public host key of the one that is there. */
  ensureSecret(secret: SecretRequest): Promise<{ readonly hostPublicKey: string }>;
  /** Writes who may log in and until when; a missing Secret is created anew by `ensureSecret`, not here. */
  updateSecret(
    reservationId: ReservationId,
    content: SecretContent,
  ): Promise<"written" | "missing">;
  /**
   * Whether what was last told of this pod and Secret is just this, and needs nothing. No call is made; false says nothing:
   * then it has to be looked at.
   */
  isAsExpected(reservationId: ReservationId, expected: InUse): boolean;
  ensureService(service: ServiceRequest): Promise<void>;
  /** Deletes Secret and Service of a reservation; done when both are NotFound. */
  deleteReservationObjects(reservationId: ReservationId): Promise<void>;
  ensureClaim(claim: ClaimRequest): Promise<ClaimView>;
  getClaim(name: string): Promise<ClaimView | undefined>;
  /** All nodes, and every pod of the cluster, also those of others: they take units too. */
  survey(): Promise<Survey>;
  /** Every object that carries our installation label, for garbage collection. Claims are never among them. */
  listOwned(): Promise<OwnedObject[]>;
  deleteOwned(object: OwnedObject): Promise<void>;
  readLogs(podName: string, tailLines: number): Promise<string>;
  getNode(name: string): Promise<NodeView | undefined>;
  /** Watches pods and nodes until stopped; resumes by itself. Hints only: a missed one is made good by the resync. */
  watch(handlers: WatchHandlers): Promise<{ stop(): Promise<void> }>;
}

export interface WatchHandlers {
  onPod(pod: PodView, change: "added" | "modified" | "deleted"): void;
  onNode(node: NodeView, change: "added" | "modified" | "deleted"): void;
  /** A list or a watch event arrived: the cluster answers. */
  onContact(): void;
}

export interface Survey {
  readonly nodes: readonly NodeView[];
  readonly pods: readonly PodView[];
  /** When the cluster was like this; a moment ago, or the last sign of life of the watches that told it. */
  readonly at: Date;
}

export interface PodView {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly installation: string | null;
  readonly reservationId: ReservationId | null;
  readonly attempt: number | null;
  /** The node that it is bound to, or undefined before. */
  readonly node: string | null;
  readonly phase: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
  readonly reason: string | null;
  readonly message: string | null;
  readonly ready: boolean;
  readonly deleting: boolean;
  readonly podIp: string | null;
  readonly workspacePath: string | null;
  readonly restarts: number;
  /** Why the container last ended, e.g. OOMKilled or Error. */
  readonly lastTermination: {
    readonly reason: string;
    readonly exitCode: number;
    readonly finishedAt: Date | null;
  } | null;
  /** Why the first container that does waits, e.g. ContainerCreating, ErrImagePull, CrashLoopBackOff; and its image. */
  readonly waiting: {
    readonly reason: string;
    readonly message: string;
    readonly image: string | null;
  } | null;
  /** The scheduler's words when it found no place. */
  readonly unschedulable: string | null;
  readonly scheduledAt: Date | null;
  /** Units of the catalogue's resource that its containers ask for. */
  readonly gpus: number;
  readonly createdAt: Date;
}

export interface NodeView {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** The catalogue's type, from the label `gpu-dev.io/type`; null for nodes that are none of ours. */
  readonly gpuType: string | null;
  readonly zone: string;
  readonly ready: boolean;
  /** Since when it is not ready, by the cluster's clock; null while it is. */
  readonly notReadySince: Date | null;
  readonly cordoned: boolean;
  /** Allocatable units of each extended resource that the catalogue names. */
  readonly allocatable: Readonly<Record<string, number>>;
  /** Units of each that the node has and can't give, as they are out of order. */
  readonly unhealthy: Readonly<Record<string, number>>;
}

export interface PodRequest {
  readonly name: string;
  readonly reservationId: ReservationId;
  readonly reservationName: string;
  readonly userId: UserId;
  readonly rank: number;
  readonly attempt: number;
  readonly node: string;
  readonly image: string;
  /** The image's own program, started beside the SSH server; empty for none. */
  readonly entrypoint: readonly string[];
  readonly cpus: number;
  readonly memoryGib: number;
  readonly gpu: { readonly resource: string; readonly count: number } | null;
  /** The claim that holds the workspace; null for scratch that ends with the pod. */
  readonly claimName: string | null;
  readonly secretName: string;
  readonly serviceName: string;
}

/** What of a reservation's Secret changes while it lives. */
export interface SecretContent {
  /** Lines of public keys. */
  readonly authorizedKeys: string;
  /** The end of the lease; null while it is not known. */
  readonly expiresAt: Date | null;
}

/** A reservation in use, as the rows have it. */
export interface InUse {
  readonly podName: string;
  readonly podUid: string;
  readonly restarts: number;
  readonly podIp: string | null;
  readonly workspacePath: string | null;
  readonly secret: SecretContent;
}

export interface SecretRequest extends SecretContent {
  readonly reservationId: ReservationId;
  readonly userId: UserId;
}

export interface ServiceRequest {
  readonly reservationId: ReservationId;
  readonly userId: UserId;
}

export interface ClaimRequest {
  readonly name: string;
  readonly diskId: DiskId;
  readonly userId: UserId;
  readonly sizeGib: number;
}

export interface ClaimView {
  readonly name: string;
  readonly uid: string;
  readonly phase: "Pending" | "Bound" | "Lost";
}

export interface OwnedObject {
  readonly kind: "Pod" | "Secret" | "Service";
  readonly name: string;
  readonly uid: string;
  readonly reservationId: ReservationId | null;
  readonly attempt: number | null;
  readonly createdAt: Date;
}

/** Nothing is known: try again later, change nothing. */
export class ClusterUnavailable extends Error {
  override readonly name = "ClusterUnavailable";
}

/** The API server understood and refused. `reason` is its Status reason, e.g. Invalid, Forbidden, AlreadyExists. */
export class ClusterRefused extends Error {
  override readonly name = "ClusterRefused";
  readonly reason: string;

  constructor(message: string, reason: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
