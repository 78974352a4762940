import { pause } from "../platform/abortSignals.ts";
import { createCoalescer, type Coalescer } from "../platform/coalesce.ts";
import { isConflict, isInvalid, isNotFound, type ApiClient } from "./apiClient.ts";
import type { Condition, ContainerState, Pod, PodStatus, Terminated } from "./kubeTypes.ts";

/** The agent's knowledge of a pod; the status is derived from it. */
export interface PodFacts {
  readonly phase: NonNullable<PodStatus["phase"]>;
  readonly reason?: string;
  readonly message?: string;
  readonly address?: string;
  readonly startTime?: string;
  readonly initialized: boolean;
  readonly state: ContainerState;
  readonly lastTerminated?: Terminated;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly containerId?: string;
}

export interface PodReporterOptions {
  readonly client: ApiClient;
  readonly pod: Pod;
  /** RFC 3339. */
  readonly now: () => string;
  /** Resolves when the node may report: at once, unless it is lost. */
  readonly mayReport: () => Promise<void>;
  readonly stopped: AbortSignal;
}

const RETRY_MS = 500;

/** Writes a pod's status: only the newest facts, retried until the server accepts them. */
export class PodReporter {
  readonly #options: PodReporterOptions;
  readonly #writes: Coalescer;
  #conditions: Condition[];
  /** Facts that no write has sent yet. */
  #unsent: PodFacts | undefined;

  constructor(options: PodReporterOptions) {
    this.#options = options;
    this.#conditions = options.pod.status?.conditions ?? [];
    this.#writes = createCoalescer(() => this.#write());
  }

  report(facts: PodFacts): void {
    this.#unsent = structuredClone(facts);
    this.#writes.trigger();
  }

  /** Resolves when every report so far is written, or the pod no longer exists. */
  async settled(): Promise<void> {
    await this.#writes.settled();
  }

  async #write(): Promise<void> {
    const { client, pod, mayReport, stopped } = this.#options;
    const { namespace, name, uid } = pod.metadata;
    await mayReport();
    const facts = this.#unsent;
    if (stopped.aborted || facts === undefined) return;
    this.#unsent = undefined;
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/status`;
    try {
      await client.mergePatch(path, { metadata: { uid }, status: this.#statusOf(facts) });
    } catch (error) {
      // Deleted, or replaced by another pod of that name. A later report is tried once as well.
      if (isNotFound(error) || isConflict(error) || isInvalid(error)) return;
      this.#unsent ??= facts;
      await pause(RETRY_MS, stopped);
      this.#writes.trigger();
    }
  }

  #statusOf(facts: PodFacts): Record<string, unknown> {
    const { pod } = this.#options;
    const isTerminal = facts.phase === "Succeeded" || facts.phase === "Failed";
    const readyStatus = facts.ready ? "True" : "False";
    const reason = isTerminal ? "PodCompleted" : "ContainersNotReady";
    const details = facts.ready ? {} : { reason };
    this.#set("PodScheduled", "True", {});
    this.#set("Initialized", facts.initialized ? "True" : "False", {});
    this.#set("ContainersReady", readyStatus, details);
    this.#set("Ready", readyStatus, details);
    const container = pod.spec.containers[0];
    const lastState =
      facts.lastTerminated === undefined ? {} : { terminated: facts.lastTerminated };
    return {
      phase: facts.phase,
      // Null removes the value of an earlier report.
      reason: facts.reason ?? null,
      message: facts.message ?? null,
      conditions: this.#conditions,
      hostIP: "127.0.0.1",
      hostIPs: [{ ip: "127.0.0.1" }],
      podIP: facts.address ?? null,
      podIPs: facts.address === undefined ? null : [{ ip: facts.address }],
      startTime: facts.startTime ?? null,
      containerStatuses: [
        {
          name: container?.name ?? "",
          image: container?.image ?? "",
          imageID: container?.image ?? "",
          ...(facts.containerId === undefined ? {} : { containerID: facts.containerId }),
          ready: facts.ready,
          started: facts.state.running !== undefined,
          restartCount: facts.restartCount,
          state: facts.state,
          lastState,
        },
      ],
    };
  }

  #set(type: string, status: Condition["status"], more: Partial<Condition>): void {
    const old = this.#conditions.find((condition) => condition.type === type);
    const lastTransitionTime =
      (old?.status === status ? old.lastTransitionTime : undefined) ?? this.#options.now();
    const next: Condition = { type, status, ...more, lastTransitionTime };
    this.#conditions = [...this.#conditions.filter((each) => each.type !== type), next];
  }
}
