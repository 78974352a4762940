import type { Clock } from "../clock.ts";
import { timestamp } from "../clock.ts";
import { withCondition } from "../kube/kubeObject.ts";
import { deleteIfThere } from "../objects/objectDeletion.ts";
import type { ObjectOperations } from "../objects/objectOperations.ts";
import { NOT_READY, type Node, type Taint } from "../resources/node.ts";
import type { Pod } from "../resources/pod.ts";
import { tolerates } from "../resources/pod.ts";
import { podType } from "../resources/podType.ts";
import { leaseType, nodeType } from "../resources/simpleTypes.ts";

const UNREACHABLE = "node.kubernetes.io/unreachable";
const EFFECTS = ["NoExecute", "NoSchedule"] as const;

export interface NodeLifecycleOptions {
  operations: ObjectOperations;
  clock: Clock;
  /** How old a node's last sign of life may be. */
  leaseMillis: number;
}

/**
 * Calls nodes unreachable that gave no sign of life for too long, taints them and those that say that they are not ready,
 * and evicts from tainted nodes the pods that do not tolerate it, or no longer.
 */
export class NodeLifecycle {
  readonly #options: NodeLifecycleOptions;
  /** When this process first saw the node; a lease may be old because we were not there to take it. */
  readonly #firstSeen = new Map<string, number>();
  /** When a pod was first seen beside a taint that does not say since when it is there. */
  readonly #besideSince = new Map<string, number>();

  constructor(options: NodeLifecycleOptions) {
    this.#options = options;
  }

  run(): void {
    const { operations } = this.#options;
    const pods = operations.list(podType);
    for (const node of operations.list(nodeType)) {
      this.#judge(node);
      const current = operations.find(nodeType, node.metadata);
      if (current === undefined) continue;
      const taints = (current.spec?.taints ?? []).filter(({ effect }) => effect === "NoExecute");
      if (taints.length === 0) continue;
      for (const pod of pods) {
        if (pod.spec.nodeName !== node.metadata.name) continue;
        if (pod.metadata.deletionTimestamp !== undefined) continue;
        if (taints.some((taint) => this.#mustGo(pod, taint))) {
          deleteIfThere(operations, podType, pod);
        }
      }
    }
    const uids = new Set(pods.map((pod) => pod.metadata.uid));
    for (const key of this.#besideSince.keys()) {
      if (!uids.has(key.split(" ")[0] ?? "")) this.#besideSince.delete(key);
    }
  }

  #mustGo(pod: Pod, taint: Taint): boolean {
    const toleration = tolerates(pod.spec.tolerations, taint);
    if (toleration === undefined) return true;
    if (toleration.tolerationSeconds === undefined) return false;
    const now = this.#options.clock.now();
    const beside = `${pod.metadata.uid} ${taint.key} ${taint.value ?? ""}`;
    if (!this.#besideSince.has(beside)) this.#besideSince.set(beside, now);
    const since = Date.parse(taint.timeAdded ?? "");
    const from = Number.isFinite(since) ? since : (this.#besideSince.get(beside) ?? now);
    return now - from >= toleration.tolerationSeconds * 1000;
  }

  #judge(node: Node): void {
    const { operations, clock, leaseMillis } = this.#options;
    const { name } = node.metadata;
    if (!this.#firstSeen.has(name)) this.#firstSeen.set(name, clock.now());
    const alive = clock.now() - this.#lastSign(node) <= leaseMillis;
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
    // Each taint follows its condition: it comes and goes with it.
    const state = alive ? ready?.status : "Unknown";
    this.#setTaint(name, UNREACHABLE, state === "Unknown");
    // A node that has said nothing yet is not ready either.
    if (state !== undefined) this.#setTaint(name, NOT_READY, state === "False");
  }

  #lastSign(node: Node): number {
    const { operations } = this.#options;
    const { name } = node.metadata;
    const lease = operations.find(leaseType, { namespace: "kube-node-lease", name });
    const renewed = (lease?.spec as { renewTime?: string } | undefined)?.renewTime;
    const heartbeat = node.status?.conditions?.find((c) => c.type === "Ready")?.lastHeartbeatTime;
    const signs = [renewed, heartbeat]
      .map((text) => Date.parse(text ?? ""))
      .filter(Number.isFinite);
    return Math.max(this.#firstSeen.get(name) ?? 0, ...signs);
  }

  #setTaint(name: string, key: string, wanted: boolean): void {
    const { operations, clock } = this.#options;
    const taints = operations.find(nodeType, { name })?.spec?.taints ?? [];
    const there = taints.filter((taint) => taint.key === key);
    // A new node has the one that keeps pods from coming, and not yet the one that sends them away.
    const missing = EFFECTS.filter((effect) => !there.some((taint) => taint.effect === effect));
    if (wanted ? missing.length === 0 : there.length === 0) return;
    const timeAdded = timestamp(clock.now());
    const added = missing.map((effect): Taint => ({ key, effect, timeAdded }));
    operations.edit(nodeType, { name }, (draft) => {
      const others = taints.filter((taint) => taint.key !== key);
      draft.spec = { ...draft.spec, taints: wanted ? [...taints, ...added] : others };
    });
  }
}
