import type { DiskId, ReservationId, UserId } from "@gpu-dev/shared/ids.ts";

/**
 * Everything that the control plane needs of a cluster. Each call either returns what the API
 * server responded or throws: `ClusterUnavailable` when nothing can be known now (network, 5xx,
 * timeouts, 429), `ClusterRefused` when the server understood and refused. A failed call is never
 * an absence: only `undefined` and `"gone"` are.
 */
export interface Cluster {
  getPod(name: string): Promise<PodView | undefined>;
  /**
   * Creates the pod, or returns the existing one of this reservation and attempt; a foreign one is
   * `ClusterRefused`.
   */
  ensurePod(pod: PodRequest): Promise<PodView>;
  /**
   * Deletes the pod with this UID: `gone` if it does not exist, `deleting` while its processes end.
   */
  deletePod(name: string, uid: string): Promise<"deleting" | "gone">;
  /** For a pod whose node is lost: removes the object without waiting for a kubelet. */
  forceDeletePod(name: string, uid: string): Promise<void>;
  /** Creates the Secret, or reads the existing one. Returns its public host key. */
  ensureSecret(secret: SecretRequest): Promise<{ readonly hostPublicKey: string }>;
  /** Writes who may log in and until when. Never creates the Secret; `ensureSecret` does. */
  updateSecret(
    reservationId: ReservationId,
    content: SecretContent,
  ): Promise<"written" | "missing">;
  /**
   * Whether the caches show a ready reservation exactly as desired, so that there is nothing to do.
   * Makes no call. False means only that the reservation must be reconciled.
   */
  matchesDesired(reservationId: ReservationId, desired: DesiredState): boolean;
  ensureService(service: ServiceRequest): Promise<void>;
  /** Deletes the Secret and the Service of a reservation, if they are ours. */
  deleteReservationObjects(reservationId: ReservationId): Promise<void>;
  ensureClaim(claim: ClaimRequest): Promise<ClaimView>;
  getClaim(name: string): Promise<ClaimView | undefined>;
  /** All nodes and every pod of the cluster, including pods of others, which also take units. */
  listNodesAndPods(): Promise<NodesAndPods>;
  /**
   * Every object with our installation label, for garbage collection. Never claims: they hold data.
   */
  listOwned(): Promise<OwnedObject[]>;
  deleteOwned(object: OwnedObject): Promise<void>;
  readLogs(podName: string, tailLines: number): Promise<string>;
  getNode(name: string): Promise<NodeView | undefined>;
  /**
   * Watches pods and nodes until stopped, resuming automatically. Only hints: the resync covers
   * lost ones.
   */
  watch(handlers: WatchHandlers): Promise<{ stop(): Promise<void> }>;
}

export interface WatchHandlers {
  onPod(pod: PodView, change: "added" | "modified" | "deleted"): void;
  onNode(node: NodeView, change: "added" | "modified" | "deleted"): void;
  /** A list or a watch event arrived: the cluster is available. */
  onContact(): void;
}

export interface NodesAndPods {
  readonly nodes: readonly NodeView[];
  readonly pods: readonly PodView[];
  /** The time of this state: now, or when the watches last received data from the server. */
  readonly at: Date;
}

export interface PodView {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly installation: string | undefined;
  readonly reservationId: ReservationId | undefined;
  /** The node that it is bound to; undefined until it is bound. */
  readonly node: string | undefined;
  readonly phase: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly ready: boolean;
  readonly deleting: boolean;
  readonly podIp: string | undefined;
  readonly workspacePath: string | undefined;
  readonly restarts: number;
  /** How the container last ended, e.g. OOMKilled or Error. */
  readonly lastTermination:
    | {
        readonly reason: string;
        readonly exitCode: number;
        readonly finishedAt: Date | undefined;
      }
    | undefined;
  /**
   * Why the first waiting container waits, for example ContainerCreating, ErrImagePull or
   * CrashLoopBackOff, and its image.
   */
  readonly waiting:
    | {
        readonly reason: string;
        readonly message: string;
        readonly image: string | undefined;
      }
    | undefined;
  /** The scheduler's message if it found no node. */
  readonly unschedulable: string | undefined;
  /** Units of the catalogue's resources that its containers request. */
  readonly gpus: number;
  readonly createdAt: Date;
}

export interface NodeView {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** The catalogue's type, from the label `gpu-dev.io/type`; undefined for nodes without it. */
  readonly gpuType: string | undefined;
  readonly zone: string;
  readonly ready: boolean;
  /** Since when it is not ready, by the cluster's clock; undefined while it is ready. */
  readonly notReadySince: Date | undefined;
  readonly cordoned: boolean;
  /** Allocatable units of each of the catalogue's extended resources. */
  readonly allocatable: Readonly<Record<string, number>>;
  /** Units of each that the node has but cannot allocate, because they are unhealthy. */
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
  /** The image's own program, started next to the SSH server; empty for none. */
  readonly entrypoint: readonly string[];
  readonly cpus: number;
  readonly memoryGib: number;
  readonly gpu: { readonly resource: string; readonly count: number } | undefined;
  /** The claim that holds the workspace; undefined for scratch that ends with the pod. */
  readonly claimName: string | undefined;
  readonly secretName: string;
  readonly serviceName: string;
}

/** The part of a reservation's Secret that changes while it lives. */
export interface SecretContent {
  /** Lines of public keys. */
  readonly authorizedKeys: string;
  /** The end of the lease; undefined while it is not known. */
  readonly expiresAt: Date | undefined;
}

/** A ready reservation, as its rows record it. */
export interface DesiredState {
  readonly members: readonly DesiredMember[];
  readonly secret: SecretContent;
}

export interface DesiredMember {
  readonly podName: string;
  readonly podUid: string;
  readonly restarts: number;
  readonly podIp: string | undefined;
  readonly workspacePath: string | undefined;
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
  readonly uid: string;
}

export interface OwnedObject {
  readonly kind: "Pod" | "Secret" | "Service";
  readonly name: string;
  readonly uid: string;
  readonly reservationId: ReservationId | undefined;
}

/** Nothing is known: change nothing and retry later. */
export class ClusterUnavailable extends Error {
  override readonly name = "ClusterUnavailable";
}

/**
 * The API server understood the request and refused it. `reason` is its Status reason, e.g.
 * Invalid, Forbidden, AlreadyExists.
 */
export class ClusterRefused extends Error {
  override readonly name = "ClusterRefused";
  readonly reason: string;

  constructor(message: string, reason: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
