import {
  ApiException,
  CoreV1Api,
  KubeConfig,
  type V1Node,
  type V1Pod,
} from "@kubernetes/client-node";
import { waitFor } from "../../support/waitFor.ts";

/**
 * A kubelet that a test controls: the test decides when a pod runs, fails or ends. Uses the stock
 * client.
 */
export interface ManualKubelet {
  readonly api: CoreV1Api;
  addNode(name: string, type: string, gpus: number, zone?: string): Promise<void>;
  setNodeReady(name: string, ready: boolean, since?: Date): Promise<void>;
  /** As a device plugin reports GPUs that became unhealthy, or healthy again. */
  setGpus(name: string, gpus: number): Promise<void>;
  cordon(name: string, cordoned: boolean): Promise<void>;
  pod(name: string): Promise<V1Pod | undefined>;
  pods(): Promise<V1Pod[]>;
  run(name: string): Promise<void>;
  /** Container status as a kubelet reports it: waiting, restarts, how it last ended. */
  report(name: string, status: Record<string, unknown>): Promise<void>;
  /** Its processes have ended: removes the object. */
  finish(name: string): Promise<void>;
  bindClaim(name: string, zone: string): Promise<void>;
}

export function createManualKubelet(kubeconfig: string, namespace: string): ManualKubelet {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  const api = config.makeApiClient(CoreV1Api);
  const find = async (name: string) => {
    const { items } = await api.listNamespacedPod({ namespace });
    return items.find((pod) => pod.metadata?.name === name);
  };
  const report = async (name: string, status: Record<string, unknown>) => {
    const pod = await find(name);
    if (!pod) throw new Error(`no pod ${name}`);
    await api.replaceNamespacedPodStatus({
      name,
      namespace,
      body: { ...pod, status: { ...pod.status, ...status } },
    });
  };
  // The cluster's controllers write nodes too.
  const changeNode = async (name: string, change: (node: V1Node) => V1Node) => {
    const write = async () => {
      const body = change(await api.readNode({ name }));
      return api.replaceNodeStatus({ name, body }).catch(unlessConflict);
    };
    await waitFor(write, { describe: `node ${name} to take its status` });
  };
  return {
    api,
    addNode: async (name, type, gpus, zone = "us-east-2a") => {
      const gpu = gpus > 0 ? { "nvidia.com/gpu": String(gpus) } : {};
      const amounts = { cpu: "192", memory: "2048Gi", pods: "110", ...gpu };
      await api.createNode({
        body: {
          metadata: {
            name,
            labels: {
              "kubernetes.io/hostname": name,
              "topology.kubernetes.io/zone": zone,
              "gpu-dev.io/type": type,
            },
          },
          status: {
            allocatable: amounts,
            capacity: amounts,
            conditions: [{ type: "Ready", status: "True", lastHeartbeatTime: new Date() }],
          },
        },
      });
    },
    setNodeReady: async (name, ready, since = new Date()) => {
      const condition = {
        type: "Ready",
        status: ready ? "True" : "False",
        lastTransitionTime: since,
        lastHeartbeatTime: new Date(),
      };
      await changeNode(name, (node) => ({
        ...node,
        status: { ...node.status, conditions: [condition] },
      }));
    },
    setGpus: (name, gpus) =>
      changeNode(name, (node) => {
        const allocatable = { ...node.status?.allocatable, "nvidia.com/gpu": String(gpus) };
        return { ...node, status: { ...node.status, allocatable } };
      }),
    cordon: async (name, unschedulable) => {
      await api.patchNode({
        name,
        body: [{ op: "add", path: "/spec/unschedulable", value: unschedulable }],
      });
    },
    pod: find,
    pods: async () => (await api.listNamespacedPod({ namespace })).items,
    run: (name) =>
      report(name, {
        phase: "Running",
        podIP: "127.0.0.9",
        conditions: [
          { type: "PodScheduled", status: "True" },
          { type: "Ready", status: "True" },
        ],
        containerStatuses: [container({ ready: true, state: { running: {} } })],
      }),
    report,
    finish: async (name) => {
      await api.deleteNamespacedPod({ name, namespace, gracePeriodSeconds: 0 });
    },
    bindClaim: async (name, zone) => {
      const claim = await api.readNamespacedPersistentVolumeClaim({ name, namespace });
      if (claim.spec?.volumeName) return;
      const volume = `pv-${claim.metadata?.uid ?? ""}`;
      const storageClassName = claim.spec?.storageClassName;
      await api.createPersistentVolume({
        body: {
          metadata: { name: volume },
          spec: {
            capacity: { storage: "100Gi" },
            ...(storageClassName === undefined ? {} : { storageClassName }),
            accessModes: ["ReadWriteOncePod"],
            hostPath: { path: "/nowhere" },
            claimRef: { namespace, name, uid: claim.metadata?.uid ?? "" },
            nodeAffinity: {
              required: {
                nodeSelectorTerms: [
                  {
                    matchExpressions: [
                      { key: "topology.kubernetes.io/zone", operator: "In", values: [zone] },
                    ],
                  },
                ],
              },
            },
          },
        },
      });
      const bind = async () => {
        const found = await api.readNamespacedPersistentVolumeClaim({ name, namespace });
        if (found.status?.phase === "Bound") return found;
        const body = { ...found, spec: { ...found.spec, volumeName: volume } };
        const bound = await api.replaceNamespacedPersistentVolumeClaim({ name, namespace, body });
        await api.replaceNamespacedPersistentVolumeClaimStatus({
          name,
          namespace,
          body: { ...bound, status: { phase: "Bound" } },
        });
        return undefined;
      };
      await waitFor(() => bind().catch(unlessConflict), { describe: `claim ${name} to be bound` });
    },
  };
}

/** Another client wrote meanwhile: the caller retries. */
function unlessConflict(error: unknown): undefined {
  if (error instanceof ApiException && error.code === 409) return;
  throw error;
}

/** The status of one container; fields that are not given have defaults. */
export function container(status: Record<string, unknown>): Record<string, unknown> {
  return {
    name: "workspace",
    image: "ghcr.io/gpu-dev/workspace:latest",
    imageID: "",
    ready: false,
    restartCount: 0,
    ...status,
  };
}
