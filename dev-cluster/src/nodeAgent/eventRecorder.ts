import type { ApiClient } from "./apiClient.ts";
import type { Pod } from "./kubeTypes.ts";

export type PodEventReason =
  | "Pulling"
  | "Pulled"
  | "Created"
  | "Started"
  | "Failed"
  | "BackOff"
  | "OOMKilling"
  | "Killing"
  | "FailedMount"
  | "UnexpectedAdmissionError"
  | "OutOfResource";

const WARNINGS: readonly PodEventReason[] = [
  "Failed",
  "BackOff",
  "OOMKilling",
  "FailedMount",
  "UnexpectedAdmissionError",
  "OutOfResource",
];

/** Writes Events about pods. An event that can't be written is lost: it informs people and decides nothing. */
export class EventRecorder {
  readonly #client: ApiClient;
  readonly #node: string;
  readonly #now: () => string;
  #pending = new Set<Promise<unknown>>();

  constructor(client: ApiClient, node: string, now: () => string) {
    this.#client = client;
    this.#node = node;
    this.#now = now;
  }

  record(pod: Pod, reason: PodEventReason, message: string): void {
    const { namespace, name, uid } = pod.metadata;
    const time = this.#now();
    const written = this.#client
      .create(`/api/v1/namespaces/${namespace}/events`, {
        apiVersion: "v1",
        kind: "Event",
        metadata: { generateName: `${name}.`, namespace },
        involvedObject: { apiVersion: "v1", kind: "Pod", namespace, name, uid },
        type: WARNINGS.includes(reason) ? "Warning" : "Normal",
        reason,
        message,
        source: { component: "kubelet", host: this.#node },
        reportingComponent: "kubelet",
        reportingInstance: this.#node,
        firstTimestamp: time,
        lastTimestamp: time,
        count: 1,
      })
      .catch(() => undefined)
      .finally(() => this.#pending.delete(written));
    this.#pending.add(written);
  }

  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }
}
