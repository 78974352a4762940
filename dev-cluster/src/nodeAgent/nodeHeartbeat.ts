import { Second, microTimestamp, systemClock, timestamp } from "../platform/clock.ts";
import type { NodeFaults } from "../faults/faultState.ts";
import type { FleetNode } from "../fleet/fleetFile.ts";
import { isAborted, pause } from "../platform/abortSignals.ts";
import { isConflict, isNotFound, type ApiClient } from "./apiClient.ts";

const LEASE_NAMESPACE = "kube-node-lease";
const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${LEASE_NAMESPACE}/leases`;
const LEASE_SECONDS = 40;

export interface HeartbeatOptions {
  readonly client: ApiClient;
  readonly node: FleetNode;
  readonly faults: NodeFaults;
  readonly periodMs: number;
  /** Where the API server reads logs; 0 if it cannot. */
  readonly kubeletPort: number;
  readonly stopped: AbortSignal;
  readonly log: (line: string) => void;
}

/**
 * Registers the node, then reports it as alive until stopped. Resolves once it is registered and
 * Ready.
 */
export async function startHeartbeat(options: HeartbeatOptions): Promise<{ ended: Promise<void> }> {
  await register(options.client, options.node);
  await sendHeartbeat(options);
  return { ended: sendHeartbeats(options) };
}

async function sendHeartbeats(options: HeartbeatOptions): Promise<void> {
  const { node, faults, periodMs, stopped, log } = options;
  let failing = false;
  while (!stopped.aborted) {
    await waitForNextHeartbeat(node.name, faults, failing ? Second.ms : periodMs, stopped);
    if (isAborted(stopped) || faults.isNodeLost(node.name)) continue;
    try {
      await sendHeartbeat(options);
      failing = false;
    } catch (error) {
      if (!failing) log(`The heartbeat of node ${node.name} failed: ${String(error)}`);
      failing = true;
    }
  }
}

/** A node that returns reports immediately. */
async function waitForNextHeartbeat(
  name: string,
  faults: NodeFaults,
  ms: number,
  stopped: AbortSignal,
): Promise<void> {
  const lossChanged = new AbortController();
  const onLost = (node: string): void => {
    if (node === name) lossChanged.abort();
  };
  faults.on("nodeLost", onLost);
  const signal = AbortSignal.any([stopped, lossChanged.signal]);
  await pause(ms, signal);
  faults.off("nodeLost", onLost);
}

async function register(client: ApiClient, node: FleetNode): Promise<void> {
  const labels = {
    "kubernetes.io/hostname": node.name,
    "kubernetes.io/os": "linux",
    "kubernetes.io/arch": "amd64",
    "topology.kubernetes.io/zone": node.zone,
    "topology.kubernetes.io/region": node.zone.replace(/[a-z]$/, ""),
    "node.kubernetes.io/instance-type": node.instanceType,
    "gpu-dev.io/type": node.type,
    ...node.labels,
  };
  const taints = [
    ...(node.resource === null
      ? []
      : [{ key: node.resource, value: "present", effect: "NoSchedule" }]),
    ...node.taints,
  ];
  const body = {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: node.name, labels },
    spec: { taints },
  };
  try {
    await client.create("/api/v1/nodes", body);
  } catch (error) {
    if (!isConflict(error)) throw error;
    // Taints and the cordon of an existing node belong to the operator.
    await client.mergePatch(`/api/v1/nodes/${node.name}`, { metadata: { labels } });
  }
}

async function sendHeartbeat({ client, node, kubeletPort }: HeartbeatOptions): Promise<void> {
  await renewLease(client, node.name);
  const now = timestamp(systemClock.now());
  const quantities = {
    cpu: String(node.cpus),
    memory: `${String(Math.round(node.memoryGib * 1024))}Mi`,
    pods: String(node.pods),
    "ephemeral-storage": "1Ti",
    ...(node.resource === null ? {} : { [node.resource]: String(node.gpus) }),
  };
  const path = `/api/v1/nodes/${node.name}`;
  const current = await client.get<NodeConditions>(path);
  const conditions = CONDITIONS.map(([type, status, reason]) => {
    const old = current.status?.conditions?.find((each) => each.type === type);
    const since = old?.status === status ? old.lastTransitionTime : undefined;
    return { type, status, reason, lastHeartbeatTime: now, lastTransitionTime: since ?? now };
  });
  await client.strategicPatch(`${path}/status`, {
    status: {
      capacity: quantities,
      allocatable: quantities,
      conditions,
      addresses: [
        { type: "InternalIP", address: "127.0.0.1" },
        { type: "Hostname", address: node.name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
      nodeInfo: NODE_INFO,
    },
  });
}

interface NodeConditions {
  readonly status?: {
    conditions?: { type: string; status: string; lastTransitionTime?: string }[];
  };
}

const CONDITIONS = [
  ["MemoryPressure", "False", "KubeletHasSufficientMemory"],
  ["DiskPressure", "False", "KubeletHasNoDiskPressure"],
  ["PIDPressure", "False", "KubeletHasSufficientPID"],
  ["Ready", "True", "KubeletReady"],
] as const;

const NODE_INFO = {
  architecture: "amd64",
  bootID: "",
  containerRuntimeVersion: "process://1",
  kernelVersion: "",
  kubeProxyVersion: "",
  kubeletVersion: "v1.36.0-dev-cluster",
  machineID: "",
  operatingSystem: "linux",
  osImage: "simulated",
  systemUUID: "",
};

async function renewLease(client: ApiClient, name: string): Promise<void> {
  const spec = {
    holderIdentity: name,
    leaseDurationSeconds: LEASE_SECONDS,
    renewTime: microTimestamp(systemClock.now()),
  };
  try {
    await client.mergePatch(`${LEASES}/${name}`, { spec });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await ensureLeaseNamespace(client);
    await client.create(LEASES, {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name, namespace: LEASE_NAMESPACE },
      spec,
    });
  }
}

async function ensureLeaseNamespace(client: ApiClient): Promise<void> {
  const metadata = { name: LEASE_NAMESPACE };
  try {
    await client.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata });
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}
