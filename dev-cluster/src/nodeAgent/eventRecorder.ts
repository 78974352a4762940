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

/** Writes Events about pods. See `createEventRecorder`. */
export interface EventRecorder {
  record(pod: Pod, reason: PodEventReason, message: string): void;
  /** Resolves when every event so far is written or lost. */
  settled(): Promise<void>;
}

/**
 * An event that cannot be written is lost: events inform users, and no decision depends on them.
 */
export function createEventRecorder(
  client: ApiClient,
  node: string,
  now: () => string,
): EventRecorder {
  const pending = new Set<Promise<unknown>>();
  return {
    record: (pod, reason, message) => {
      const { namespace, name, uid } = pod.metadata;
      const time = now();
      const written = client
        .create(`/api/v1/namespaces/${namespace}/events`, {
          apiVersion: "v1",
          kind: "Event",
          metadata: { generateName: `${name}.`, namespace },
          involvedObject: { apiVersion: "v1", kind: "Pod", namespace, name, uid },
          type: WARNINGS.includes(reason) ? "Warning" : "Normal",
          reason,
          message,
          source: { component: "kubelet", host: node },
          reportingComponent: "kubelet",
          reportingInstance: node,
          firstTimestamp: time,
          lastTimestamp: time,
          count: 1,
        })
        .catch(() => undefined)
        .finally(() => pending.delete(written));
      pending.add(written);
    },
    settled: async () => {
      await Promise.all(pending);
    },
  };
}
