import { EventEmitter } from "node:events";

/** A pod by name: users and tests that inject faults know names, not uids. */
export interface PodName {
  readonly namespace: string;
  readonly pod: string;
}

export interface NodeFaultEvents {
  /** The node became lost (true) or returned (false). */
  readonly nodeLost: [name: string, lost: boolean];
  /**
   * Kill the pod's container as if it had run out of memory: SIGKILL, exit 137, reason OOMKilled.
   */
  readonly oomKill: [pod: PodName];
  /** Pull faults were added or cleared: a pull in back-off may retry at once. */
  readonly pullsChanged: [];
}

/** The injected faults as the node agents read them; only the fault endpoint writes them. */
export interface NodeFaults extends EventEmitter<NodeFaultEvents> {
  /** A lost node sends no heartbeat, reports no status and keeps its processes. */
  isNodeLost(name: string): boolean;
  /** The duration of a pull of this image in milliseconds; 0 without a fault. */
  pullMs(image: string): number;
  /** Whether a pull of this image fails. */
  pullFails(image: string): boolean;
}

export interface SlowPull {
  readonly id: string;
  readonly slowPullMs: number;
  /** Exact image reference; absent means every image. */
  readonly image?: string | undefined;
}

export interface FailPull {
  readonly id: string;
  readonly failPull: string;
}

/** The injected faults of nodes, in memory only: they end with the process. */
export class FaultState extends EventEmitter<NodeFaultEvents> implements NodeFaults {
  readonly #lostNodes = new Set<string>();
  readonly #slowPulls = new Map<string, SlowPull>();
  readonly #failPulls = new Map<string, FailPull>();

  constructor() {
    super();
    this.setMaxListeners(0);
  }

  isNodeLost(name: string): boolean {
    return this.#lostNodes.has(name);
  }

  pullMs(image: string): number {
    let longest = 0;
    for (const fault of this.#slowPulls.values()) {
      if (fault.image === undefined || fault.image === image) {
        longest = Math.max(longest, fault.slowPullMs);
      }
    }
    return longest;
  }

  pullFails(image: string): boolean {
    return [...this.#failPulls.values()].some((fault) => fault.failPull === image);
  }

  setNodeLost(name: string, lost: boolean): void {
    if (this.#lostNodes.has(name) === lost) return;
    if (lost) this.#lostNodes.add(name);
    else this.#lostNodes.delete(name);
    this.emit("nodeLost", name, lost);
  }

  addSlowPull(fault: SlowPull): void {
    this.#slowPulls.set(fault.id, fault);
    this.emit("pullsChanged");
  }

  addFailPull(fault: FailPull): void {
    this.#failPulls.set(fault.id, fault);
    this.emit("pullsChanged");
  }

  oomKill(pod: PodName): void {
    this.emit("oomKill", pod);
  }

  /** Removes a pull fault by id; returns whether it existed. */
  removePull(id: string): boolean {
    const removed = this.#slowPulls.delete(id) || this.#failPulls.delete(id);
    if (removed) this.emit("pullsChanged");
    return removed;
  }

  clear(): void {
    this.#slowPulls.clear();
    this.#failPulls.clear();
    this.emit("pullsChanged");
    for (const name of [...this.#lostNodes]) this.setNodeLost(name, false);
  }

  list(): { lostNodes: string[]; slowPulls: SlowPull[]; failPulls: FailPull[] } {
    return {
      lostNodes: [...this.#lostNodes],
      slowPulls: [...this.#slowPulls.values()],
      failPulls: [...this.#failPulls.values()],
    };
  }
}
