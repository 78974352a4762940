import { setTimeout as delay } from "node:timers/promises";
import { isConflict, isInvalid, isNotFound } from "./apiClient.ts";
import type { ApiClient } from "./apiClient.ts";
import type { Condition, ContainerState, Pod, PodStatus, Terminated } from "./kubeTypes.ts";

/** What the agent knows of a pod; the status is derived from it. */
export interface PodFacts {
  phase: NonNullable<PodStatus["phase"]>;
  reason?: string;
  message?: string;
  address?: string;
  startTime?: string;
  initialized: boolean;
  state: ContainerState;
  lastTerminated?: Terminated;
  ready: boolean;
  restartCount: number;
  containerId?: string;
}

export interface PodReporterOptions {
  client: ApiClient;
  pod: Pod;
  /** RFC 3339. */
  now: () => string;
  /** Settles when the node may speak: at once, unless it is lost. */
  mayReport: () => Promise<void>;
  stopped: AbortSignal;
}

const RETRY_MILLIS = 500;

/** Writes a pod's status, the newest facts only, until the server has taken them. */
export class PodReporter {
  readonly #options: PodReporterOptions;
  #conditions: Condition[];
  #wanted: PodFacts | undefined;
  #writing: Promise<void> | undefined;

  constructor(options: PodReporterOptions) {
    this.#options = options;
    this.#conditions = options.pod.status?.conditions ?? [];
  }

  report(facts: PodFacts): void {
    this.#wanted = structuredClone(facts);
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  /** When everything said so far is written, or the pod is gone. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    const { client, pod, mayReport, stopped } = this.#options;
    const { namespace, name, uid } = pod.metadata;
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/status`;
    while (this.#wanted !== undefined) {
      await mayReport();
      if (stopped.aborted) return;
      const facts = this.#wanted;
      this.#wanted = undefined;
      const status = this.#statusOf(facts);
      try {
        await client.mergePatch(path, { metadata: { uid }, status });
      } catch (error) {
        // Gone, or another pod by that name. What is said from now on is tried once more, too.
        if (isNotFound(error) || isConflict(error) || isInvalid(error)) continue;
        this.#wanted ??= facts;
        await delay(RETRY_MILLIS, undefined, { signal: stopped }).catch(() => undefined);
      }
    }
  }

  #statusOf(facts: PodFacts): Record<string, unknown> {
    const { pod } = this.#options;
    const over = facts.phase === "Succeeded" || facts.phase === "Failed";
    const readyWord = facts.ready ? "True" : "False";
    const reason = over ? "PodCompleted" : "ContainersNotReady";
    const why = facts.ready ? {} : { reason };
    this.#set("PodScheduled", "True", {});
    this.#set("Initialized", facts.initialized ? "True" : "False", {});
    this.#set("ContainersReady", readyWord, why);
    this.#set("Ready", readyWord, why);
    const container = pod.spec.containers[0];
    const lastState =
      facts.lastTerminated === undefined ? {} : { terminated: facts.lastTerminated };
    return {
      phase: facts.phase,
      // Null removes what an earlier report said.
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
