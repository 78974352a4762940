import { startPasses } from "../controllers/passes.ts";
import { timestamp } from "../platform/clock.ts";
import { withCondition } from "../kube/kubeObject.ts";
import type { ObjectOperations } from "../objects/objectOperations.ts";
import { bindPod } from "../objects/podBinding.ts";
import { StatusError } from "../kube/statusError.ts";
import { claimNames, isTerminal, podRequests, type Pod } from "../resources/pod.ts";
import { podType } from "../resources/podType.ts";
import { addAmounts, amountsOf, type Amounts } from "../kube/quantity.ts";
import { nodeType } from "../resources/simpleTypes.ts";
import { claimType } from "../resources/volumes.ts";
import { predicateFailure, type Candidate } from "./nodeFit.ts";
import { selectNode, volumePredicateFailure, volumesOf, type PodVolumes } from "./volumeFit.ts";

const WATCHED = new Set([
  "pods",
  "nodes",
  "persistentvolumeclaims",
  "persistentvolumes",
  "storageclasses.storage.k8s.io",
]);

/**
 * Assigns nodes to waiting pods, oldest first, in passes over all pods. A pass runs soon after each
 * relevant change. Every write is checked against the version that was read.
 */
export class Scheduler {
  readonly #operations: ObjectOperations;
  readonly #onError: (error: unknown) => void;
  /**
   * Pods whose node is selected and whose volumes are being created there: pod uid to node name.
   */
  readonly #picked = new Map<string, string>();
  #stop: () => void = () => undefined;

  constructor(options: { operations: ObjectOperations; onError: (error: unknown) => void }) {
    const { operations, onError } = options;
    this.#operations = operations;
    this.#onError = onError;
  }

  start(): void {
    this.#stop = startPasses({
      store: this.#operations.store,
      concerns: ({ resource }) => WATCHED.has(resource),
      run: () => {
        this.#scheduleAll();
      },
      onError: this.#onError,
    });
  }

  stop(): void {
    this.#stop();
  }

  #scheduleAll(): void {
    const pods = this.#operations.list(podType);
    const waiting = pods.filter(isWaiting).sort(byAge);
    const uids = new Set(waiting.map((pod) => pod.metadata.uid));
    for (const uid of this.#picked.keys()) if (!uids.has(uid)) this.#picked.delete(uid);
    if (waiting.length === 0) return;
    const candidates = this.#candidates(pods);
    for (const pod of waiting) {
      try {
        this.#schedule(pod, pods, candidates);
      } catch (error) {
        // Changed meanwhile: that change triggers the next pass.
        if (!(error instanceof StatusError)) throw error;
        this.#onError(error);
      }
    }
  }

  #schedule(pod: Pod, pods: readonly Pod[], candidates: Map<string, Candidate>): void {
    if ((pod.spec.schedulingGates ?? []).length > 0) {
      this.#refuse(
        pod,
        "SchedulingGated",
        "Scheduling is blocked due to non-empty scheduling gates",
      );
      return;
    }
    const volumes = volumesOf(this.#operations, pod);
    const requests = podRequests(pod);
    const obstacle = volumes.obstacle ?? this.#claimConflict(pod, pods);
    // The selected node's capacity is reserved; release it and consider the node like any other.
    const previous = candidates.get(this.#picked.get(pod.metadata.uid) ?? "");
    if (previous !== undefined) release(previous, requests);
    this.#picked.delete(pod.metadata.uid);
    if (obstacle !== undefined) {
      this.#refuse(
        pod,
        "Unschedulable",
        `0/${String(candidates.size)} nodes are available: ${obstacle}.`,
      );
      return;
    }
    const { best, reasons } = choose(pod, requests, volumes, candidates, previous);
    if (best === undefined) {
      this.#refuse(pod, "Unschedulable", unavailable(candidates.size, reasons));
      return;
    }
    reserve(best, requests);
    const nodeName = best.node.metadata.name;
    if (volumes.unbound.length > 0) {
      this.#picked.set(pod.metadata.uid, nodeName);
      selectNode(this.#operations, volumes.unbound, nodeName);
    } else {
      const { uid } = pod.metadata;
      bindPod(this.#operations, pod.metadata, { metadata: { uid }, target: { name: nodeName } });
    }
  }

  #candidates(pods: readonly Pod[]): Map<string, Candidate> {
    const candidates = new Map<string, Candidate>();
    for (const node of this.#operations.list(nodeType)) {
      const free = amountsOf(node.status?.allocatable);
      if (node.metadata.deletionTimestamp === undefined) {
        candidates.set(node.metadata.name, { node, free });
      }
    }
    for (const pod of pods) {
      // A pod occupies its node's capacity until it has ended, even while it is being deleted.
      const nodeName = pod.spec.nodeName ?? this.#picked.get(pod.metadata.uid) ?? "";
      const candidate = isTerminal(pod) ? undefined : candidates.get(nodeName);
      if (candidate !== undefined) reserve(candidate, podRequests(pod));
    }
    return candidates;
  }

  /** The reason if another pod uses a claim that only one pod may use. */
  #claimConflict(pod: Pod, pods: readonly Pod[]): string | undefined {
    const { namespace, uid } = pod.metadata;
    const single = claimNames(pod).filter((name) =>
      this.#operations
        .find(claimType, { namespace, name })
        ?.spec.accessModes?.includes("ReadWriteOncePod"),
    );
    if (single.length === 0) return undefined;
    const inUse = pods.some(
      (other) =>
        other.metadata.uid !== uid &&
        other.metadata.namespace === namespace &&
        (other.spec.nodeName ?? "") !== "" &&
        !isTerminal(other) &&
        claimNames(other).some((name) => single.includes(name)),
    );
    return inUse
      ? "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
      : undefined;
  }

  #refuse(pod: Pod, reason: string, message: string): void {
    const old = pod.status?.conditions?.find((each) => each.type === "PodScheduled");
    if (old?.status === "False" && old.reason === reason && old.message === message) return;
    const condition = {
      type: "PodScheduled",
      status: "False" as const,
      reason,
      message,
      lastTransitionTime: timestamp(this.#operations.clock.now()),
    };
    const change = (draft: Pod) => {
      const conditions = withCondition(draft.status?.conditions, condition);
      draft.status = { ...draft.status, conditions };
    };
    this.#operations.edit(podType, pod.metadata, change, { subresource: "status" });
  }
}

function choose(
  pod: Pod,
  requests: Amounts,
  volumes: PodVolumes,
  candidates: Map<string, Candidate>,
  previous: Candidate | undefined,
): { best: Candidate | undefined; reasons: Map<string, number> } {
  const reasons = new Map<string, number>();
  let best: Candidate | undefined;
  for (const candidate of candidates.values()) {
    const reason =
      predicateFailure(pod, requests, candidate) ?? volumePredicateFailure(volumes, candidate.node);
    if (reason !== undefined) {
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    } else if (best === undefined || candidate === previous) {
      best = candidate;
    } else if (best !== previous && freeShare(candidate) > freeShare(best)) {
      best = candidate;
    }
  }
  return { best, reasons };
}

/** The free share of the node: pods go where most is free. */
function freeShare({ node, free }: Candidate): number {
  const total = amountsOf(node.status?.allocatable);
  const left = ["cpu", "memory"].map((name) => (free[name] ?? 0) / (total[name] ?? 1));
  return left.reduce((sum, each) => sum + each, 0);
}

function reserve(candidate: Candidate, requests: Amounts): void {
  const negated = Object.fromEntries(Object.entries(requests).map(([name, n]) => [name, -n]));
  candidate.free = addAmounts(candidate.free, negated);
}

function release(candidate: Candidate, requests: Amounts): void {
  candidate.free = addAmounts(candidate.free, requests);
}

function unavailable(total: number, reasons: Map<string, number>): string {
  const list = [...reasons].map(([reason, count]) => `${String(count)} ${reason}`).sort();
  const summary = list.length === 0 ? "no nodes available to schedule pods" : list.join(", ");
  return `0/${String(total)} nodes are available: ${summary}.`;
}

function isWaiting(pod: Pod): boolean {
  return (
    (pod.spec.nodeName ?? "") === "" &&
    pod.metadata.deletionTimestamp === undefined &&
    !isTerminal(pod) &&
    pod.spec.schedulerName === "default-scheduler"
  );
}

/** Creation times have whole seconds: within a second, the names decide. */
function byAge(a: Pod, b: Pod): number {
  const byTime = a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp);
  if (byTime !== 0) return byTime;
  return a.metadata.name.localeCompare(b.metadata.name);
}
