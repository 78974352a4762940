import { Second } from "../platform/clock.ts";
import { join } from "node:path";
import type { LogSource } from "../apiServer/podLogs.ts";
import type { NodeFaults } from "../faults/faultState.ts";
import type { NodeAgentOptions } from "./agentOptions.ts";
import { ApiClient } from "./apiClient.ts";
import { endLeftovers, readPodLog } from "./containerProcess.ts";
import { chooseContainment, type Containment } from "./containment.ts";
import { startKubeletServer } from "./kubeletServer.ts";
import type { Pod, Secret } from "./kubeTypes.ts";
import { startHeartbeat, type HeartbeatOptions } from "./nodeHeartbeat.ts";
import { NodePods } from "./nodePods.ts";
import { startObjectWatch, type ObjectWatch } from "./objectWatch.ts";
import { PodRecords } from "./podRecords.ts";

export interface NodeAgents {
  /** Ends the pods' processes; the Pod objects remain, and the next agent starts them again. */
  stop(): Promise<void>;
  readonly logs: LogSource;
  /** How pods are isolated on this machine. */
  readonly containment: Containment;
}

const HEARTBEAT_MS = 10 * Second.ms;
const RESYNC_MS = 30 * Second.ms;

/**
 * Runs every node of the fleet as a client of the Kubernetes API: registers it and runs its pods.
 */
export async function startNodeAgents(options: NodeAgentOptions): Promise<NodeAgents> {
  const { api, fleet, dataDir, faults, log = () => undefined } = options;
  const containment = await chooseContainment(options.containment ?? "auto");
  const names = fleet.nodes.map((node) => node.name);
  const records = new PodRecords(join(dataDir, "nodes"), names);
  // End leftovers first: two writers on one workspace would be worse than a late start.
  for (const record of records.all()) await endLeftovers(record.uid, records.directory(record));
  const hidden = [dataDir, ...(options.hidden ?? [])];
  const client = new ApiClient(api);
  const stopping = new AbortController();
  const stopped = stopping.signal;
  const periodMs = options.heartbeatMs ?? HEARTBEAT_MS;
  const source = logSource(records, faults);
  const kubelet = options.kubelet && (await startKubeletServer(options.kubelet, client, source));
  const kubeletPort = kubelet?.port ?? 0;
  const shared = { client, faults, periodMs, kubeletPort, stopped, log };
  const heartbeats = fleet.nodes.map((node) => ({ ...shared, node }));
  let heartbeatEnds: Promise<unknown>[];
  try {
    heartbeatEnds = await startHeartbeats(heartbeats, stopping);
  } catch (error) {
    await kubelet?.stop();
    client.close();
    throw error;
  }
  const pods = new NodePods({ ...options, hidden, log, client, records, containment, stopped });
  const resyncMs = options.resyncMs ?? RESYNC_MS;
  const watches = startWatches({ client, pods, resyncMs, log });
  const onOom = ({ namespace, pod }: { namespace: string; pod: string }): void => {
    pods.killForMemory(namespace, pod);
  };
  faults.on("oomKill", onOom);
  return {
    containment,
    logs: source,
    stop: async () => {
      faults.off("oomKill", onOom);
      stopping.abort();
      await Promise.all(watches.map((watch) => watch.stop()));
      await pods.stop();
      await Promise.all(heartbeatEnds);
      await kubelet?.stop();
      client.close();
    },
  };
}

/**
 * Starts all heartbeats or none: if one fails, the others end. Returns the promises that resolve
 * when they end.
 */
async function startHeartbeats(
  all: readonly HeartbeatOptions[],
  stopping: AbortController,
): Promise<Promise<unknown>[]> {
  const outcomes = await Promise.allSettled(all.map(startHeartbeat));
  const ends = outcomes.flatMap((each) => (each.status === "fulfilled" ? [each.value.ended] : []));
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed === undefined) return ends;
  stopping.abort();
  await Promise.all(ends);
  throw failed.reason;
}

function startWatches(options: {
  client: ApiClient;
  pods: NodePods;
  resyncMs: number;
  log: (line: string) => void;
}): ObjectWatch[] {
  const { client, pods, resyncMs, log } = options;
  const podWatch = startObjectWatch<Pod>({
    client,
    path: "/api/v1/pods",
    onAll: (all) => {
      pods.sync(all);
    },
    onChange: (pod) => {
      pods.update(pod);
    },
    onDelete: (pod) => {
      pods.delete(pod.metadata.uid);
    },
    resyncMs,
    log,
  });
  const secretWatch = startObjectWatch<Secret>({
    client,
    path: "/api/v1/secrets",
    onAll: () => {
      pods.refreshSecrets();
    },
    onChange: (secret) => {
      pods.refreshSecrets(secret);
    },
    onDelete: () => undefined,
    resyncMs,
    log,
  });
  return [podWatch, secretWatch];
}

function logSource(records: PodRecords, faults: NodeFaults): LogSource {
  return {
    // eslint-disable-next-line @typescript-eslint/require-await -- the contract is asynchronous
    read: async (_namespace, name, uid, { tailLines, previous }) => {
      const record = records.get(uid);
      if (record === undefined) throw new Error(`Pod ${name} does not run here.`);
      if (faults.isNodeLost(record.node)) throw new Error(`Node ${record.node} does not respond.`);
      return readPodLog(join(records.directory(record), "log"), tailLines, previous);
    },
  };
}
