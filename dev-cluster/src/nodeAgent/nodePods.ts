import { Second, systemClock, timestamp } from "../platform/clock.ts";
import type { FleetNode } from "../fleet/fleetFile.ts";
import type { NodeAgentOptions } from "./agentOptions.ts";
import type { ApiClient } from "./apiClient.ts";
import type { Containment } from "./containment.ts";
import { createEventRecorder } from "./eventRecorder.ts";
import type { Pod, Secret } from "./kubeTypes.ts";
import type { NodeFaults } from "../faults/faultState.ts";
import type { PodRecords } from "./podRecords.ts";
import { PodWorker } from "./podWorker.ts";

const RESTART_BACK_OFF_MS = Second.ms;

export interface NodePodsOptions extends Omit<NodeAgentOptions, "containment" | "hidden"> {
  readonly client: ApiClient;
  readonly records: PodRecords;
  readonly containment: Containment;
  readonly hidden: readonly string[];
  readonly stopped: AbortSignal;
  readonly log: (line: string) => void;
}

/** The workers of all pods that are bound to the fleet's nodes, by uid. */
export class NodePods {
  readonly #options: NodePodsOptions;
  readonly #nodes: Map<string, FleetNode>;
  readonly #workers = new Map<string, { worker: PodWorker; pod: Pod }>();
  readonly #claimHolders = new Map<string, string>();

  constructor(options: NodePodsOptions) {
    this.#options = options;
    this.#nodes = new Map(options.fleet.nodes.map((node) => [node.name, node]));
  }

  /** Receives all existing pods. A worker whose pod is not among them has missed its removal. */
  sync(all: readonly Pod[]): void {
    const existing = new Set(all.map((pod) => pod.metadata.uid));
    for (const uid of this.#workers.keys()) if (!existing.has(uid)) this.delete(uid);
    const { records } = this.#options;
    for (const record of records.all()) {
      if (!existing.has(record.uid) && !this.#workers.has(record.uid)) records.remove(record);
    }
    for (const pod of all) this.update(pod);
  }

  update(pod: Pod): void {
    const { uid } = pod.metadata;
    const known = this.#workers.get(uid);
    if (known !== undefined) {
      known.pod = pod;
      known.worker.update(pod);
      return;
    }
    const node = this.#nodes.get(pod.spec.nodeName ?? "");
    if (node !== undefined && !this.#options.stopped.aborted) this.#start(pod, node);
  }

  delete(uid: string): void {
    this.#workers.get(uid)?.worker.markDeleted();
  }

  refreshSecrets(secret?: Secret): void {
    for (const { worker, pod } of this.#workers.values()) {
      const uses = pod.spec.volumes?.some(
        (volume) =>
          volume.secret !== undefined &&
          (secret === undefined || volume.secret.secretName === secret.metadata.name),
      );
      // A failed refresh keeps the old files; the next resync tries again.
      if (uses === true) worker.refreshSecrets().catch(() => undefined);
    }
  }

  killForMemory(namespace: string, name: string): void {
    for (const { worker, pod } of this.#workers.values()) {
      if (pod.metadata.namespace === namespace && pod.metadata.name === name) {
        void worker.killForMemory();
      }
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#workers.values()].map(({ worker }) => worker.stop()));
  }

  #start(pod: Pod, node: FleetNode): void {
    const { client, fleet, records, containment, hidden, faults, stopped, log } = this.#options;
    const { uid } = pod.metadata;
    const now = (): string => timestamp(systemClock.now());
    const worker = new PodWorker({
      client,
      pod,
      node,
      images: fleet.images,
      records,
      claimHolders: this.#claimHolders,
      containment,
      hidden,
      faults,
      events: createEventRecorder(client, node.name, now),
      restartBackOffMs: this.#options.restartBackOffMs ?? RESTART_BACK_OFF_MS,
      mayReport: () => waitWhileNodeIsLost(node.name, faults, stopped),
      log,
    });
    this.#workers.set(uid, { worker, pod });
    void worker.done.then(() => this.#workers.delete(uid));
  }
}

/** Resolves immediately if the node is not lost, otherwise when it returns or the agent stops. */
async function waitWhileNodeIsLost(
  name: string,
  faults: NodeFaults,
  stopped: AbortSignal,
): Promise<void> {
  if (!faults.isNodeLost(name) || stopped.aborted) return;
  await new Promise<void>((resolve) => {
    const check = (): void => {
      if (faults.isNodeLost(name) && !stopped.aborted) return;
      faults.off("nodeLost", check);
      stopped.removeEventListener("abort", check);
      resolve();
    };
    faults.on("nodeLost", check);
    stopped.addEventListener("abort", check);
  });
}
