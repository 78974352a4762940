import { join } from "node:path";
import type { LogSource } from "../apiServer/logSource.ts";
import type { NodeFaults } from "../faults/faultState.ts";
import type { NodeAgentOptions } from "./agentOptions.ts";
import { ApiClient } from "./apiClient.ts";
import { endLeftovers } from "./containerProcess.ts";
import { chooseContainment } from "./containment.ts";
import type { Containment } from "./containment.ts";
import { startKubeletServer } from "./kubeletServer.ts";
import type { Pod, Secret } from "./kubeTypes.ts";
import type { HeartbeatOptions } from "./nodeHeartbeat.ts";
import { startHeartbeat } from "./nodeHeartbeat.ts";
import { NodePods } from "./nodePods.ts";
import { startObjectWatch } from "./objectWatch.ts";
import type { ObjectWatch } from "./objectWatch.ts";
import { readPodLog } from "./podLog.ts";
import { PodRecords } from "./podRecords.ts";

export interface NodeAgents {
  /** Ends the pods' processes, not the pods: the next agent starts them again. */
  stop(): Promise<void>;
  logs: LogSource;
  /** How pods are kept apart on this machine. */
  containment: Containment;
}

const HEARTBEAT_MILLIS = 10_000;
const RESYNC_MILLIS = 30_000;

/** Stands for every node of the fleet: registers them and runs the pods bound to them, as a client of the Kubernetes API. */
export async function startNodeAgents(options: NodeAgentOptions): Promise<NodeAgents> {
  const { api, fleet, dataDir, faults, log = () => undefined } = options;
  const containment = await chooseContainment(options.containment ?? "auto");
  const names = fleet.nodes.map((node) => node.name);
  const records = new PodRecords(join(dataDir, "nodes"), names);
  // Nothing of an earlier life may run beside us: two writers on one workspace would be worse than a late start.
  for (const record of records.all()) await endLeftovers(record.uid, records.directory(record));
  const client = new ApiClient(api);
  const stopping = new AbortController();
  const stopped = stopping.signal;
  const periodMillis = options.heartbeatMillis ?? HEARTBEAT_MILLIS;
  const source = logSource(records, faults);
  const kubelet = options.kubelet && (await startKubeletServer(options.kubelet, client, source));
  const kubeletPort = kubelet?.port ?? 0;
  const heart = { client, faults, periodMillis, kubeletPort, stopped, log };
  const hearts = fleet.nodes.map((node) => ({ ...heart, node }));
  let beats: Promise<unknown>[];
  try {
    beats = await startHeartbeats(hearts, stopping);
  } catch (error) {
    await kubelet?.stop();
    client.close();
    throw error;
  }
  const pods = new NodePods({ ...options, log, client, records, containment, stopped });
  const resyncMillis = options.resyncMillis ?? RESYNC_MILLIS;
  const watches = startWatches({ client, pods, resyncMillis, log });
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
      await Promise.all(beats);
      await kubelet?.stop();
      client.close();
    },
  };
}

/** Every one of them, or none: where one can't begin, the others end. Answers what settles at their ends. */
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
  resyncMillis: number;
  log: (line: string) => void;
}): ObjectWatch[] {
  const { client, pods, resyncMillis, log } = options;
  const podWatch = startObjectWatch<Pod>({
    client,
    path: "/api/v1/pods",
    onAll: (all) => {
      pods.sync(all);
    },
    onChange: (pod) => {
      pods.see(pod);
    },
    onGone: (pod) => {
      pods.gone(pod.metadata.uid);
    },
    resyncMillis,
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
    onGone: () => undefined,
    resyncMillis,
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
      if (faults.isNodeLost(record.node)) throw new Error(`Node ${record.node} does not answer.`);
      return readPodLog(join(records.directory(record), "log"), tailLines, previous);
    },
  };
}
