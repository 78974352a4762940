import { timestamp, Second, type Clock } from "../platform/clock.ts";
import { withCondition } from "../kube/kubeObject.ts";
import { deleteIfExists } from "../objects/objectDeletion.ts";
import type { ObjectOperations } from "../objects/objectOperations.ts";
import { NOT_READY, type Node, type Taint } from "../resources/node.ts";
import { tolerates, type Pod } from "../resources/pod.ts";
import { podType } from "../resources/podType.ts";
import { leaseType, nodeType } from "../resources/simpleTypes.ts";

const UNREACHABLE = "node.kubernetes.io/unreachable";
const EFFECTS = ["NoExecute", "NoSchedule"] as const;

export interface NodeLifecycleOptions {
  readonly operations: ObjectOperations;
  readonly clock: Clock;
  /** The maximum age of a node's last lease or heartbeat. */
  readonly leaseMs: number;
}

/**
 * Marks nodes as unreachable when their lease and heartbeat are too old, taints these nodes and
 * those that report not ready, and evicts pods that do not, or no longer, tolerate a taint of their
 * node.
 */
export class NodeLifecycle {
  readonly #options: NodeLifecycleOptions;
  /**
   * When this process first saw the node: its lease may be old because this process was not
   * running.
   */
  readonly #firstSeen = new Map<string, number>();
  /** When a pod was first seen on a node with a taint that has no `timeAdded`. */
  readonly #taintedSince = new Map<string, number>();

  constructor(options: NodeLifecycleOptions) {
    this.#options = options;
  }

  run(): void {
    const { operations } = this.#options;
    const pods = operations.list(podType);
    for (const node of operations.list(nodeType)) {
      this.#assess(node);
      const current = operations.find(nodeType, node.metadata);
      if (current === undefined) continue;
      const taints = (current.spec?.taints ?? []).filter(({ effect }) => effect === "NoExecute");
      if (taints.length === 0) continue;
      for (const pod of pods) {
        if (pod.spec.nodeName !== node.metadata.name) continue;
        if (pod.metadata.deletionTimestamp !== undefined) continue;
        if (taints.some((taint) => this.#evicts(taint, pod))) {
          deleteIfExists(operations, podType, pod);
        }
      }
    }
    const uids = new Set(pods.map((pod) => pod.metadata.uid));
    for (const key of this.#taintedSince.keys()) {
      if (!uids.has(key.split(" ")[0] ?? "")) this.#taintedSince.delete(key);
    }
  }

  #evicts(taint: Taint, pod: Pod): boolean {
    const toleration = tolerates(pod.spec.tolerations, taint);
    if (toleration === undefined) return true;
    if (toleration.tolerationSeconds === undefined) return false;
    const now = this.#options.clock.now();
    const key = `${pod.metadata.uid} ${taint.key} ${taint.value ?? ""}`;
    if (!this.#taintedSince.has(key)) this.#taintedSince.set(key, now);
    const added = Date.parse(taint.timeAdded ?? "");
    const since = Number.isFinite(added) ? added : (this.#taintedSince.get(key) ?? now);
    return now - since >= toleration.tolerationSeconds * Second.ms;
  }

  #assess(node: Node): void {
    const { operations, clock, leaseMs } = this.#options;
    const { name } = node.metadata;
    if (!this.#firstSeen.has(name)) this.#firstSeen.set(name, clock.now());
    const alive = clock.now() - this.#lastHeartbeat(node) <= leaseMs;
    const ready = node.status?.conditions?.find((each) => each.type === "Ready");
    if (!alive && ready?.status !== "Unknown") {
      const condition = {
        type: "Ready",
        status: "Unknown" as const,
        reason: "NodeStatusUnknown",
        message: "Kubelet stopped posting node status.",
        lastTransitionTime: timestamp(clock.now()),
      };
      const change = (draft: Node) => {
        const conditions = withCondition(draft.status?.conditions, condition);
        draft.status = { ...draft.status, conditions };
      };
      operations.edit(nodeType, { name }, change, { subresource: "status" });
    }
    // Each taint exists exactly as long as its condition.
    const state = alive ? ready?.status : "Unknown";
    this.#setTaint(name, UNREACHABLE, state === "Unknown");
    // A node that has not reported yet keeps the taint that it was created with.
    if (state !== undefined) this.#setTaint(name, NOT_READY, state === "False");
  }

  #lastHeartbeat(node: Node): number {
    const { operations } = this.#options;
    const { name } = node.metadata;
    const lease = operations.find(leaseType, { namespace: "kube-node-lease", name });
    const renewed = (lease?.spec as { renewTime?: string } | undefined)?.renewTime;
    const heartbeat = node.status?.conditions?.find((c) => c.type === "Ready")?.lastHeartbeatTime;
    const times = [renewed, heartbeat]
      .map((text) => Date.parse(text ?? ""))
      .filter(Number.isFinite);
    return Math.max(this.#firstSeen.get(name) ?? 0, ...times);
  }

  #setTaint(name: string, key: string, isTainted: boolean): void {
    const { operations, clock } = this.#options;
    const taints = operations.find(nodeType, { name })?.spec?.taints ?? [];
    const existing = taints.filter((taint) => taint.key === key);
    // A new node has the taint that keeps new pods off, but not yet the one that evicts pods.
    const missing = EFFECTS.filter((effect) => !existing.some((taint) => taint.effect === effect));
    if (isTainted ? missing.length === 0 : existing.length === 0) return;
    const timeAdded = timestamp(clock.now());
    const added = missing.map((effect): Taint => ({ key, effect, timeAdded }));
    operations.edit(nodeType, { name }, (draft) => {
      const others = taints.filter((taint) => taint.key !== key);
      draft.spec = { ...draft.spec, taints: isTainted ? [...taints, ...added] : others };
    });
  }
}
