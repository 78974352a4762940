import { join } from "node:path";
import type { GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import { waitFor } from "../../support/waitFor.ts";
import { buildTool } from "../tools/tools.ts";
import type { Kubernetes } from "./kubernetes.ts";
import { eachOf } from "./load.ts";
import { startServer, type ServerProcess } from "./serverProcess.ts";

const STAGES = new URL("../scale/stages.yaml", import.meta.url).pathname;
const CONCURRENCY = 20;

/** Adds nodes that exist only as objects; KWOK simulates the life cycle of their pods. */
export async function startKwok(
  { admin, directory, kubeconfigPath }: Kubernetes,
  { type, count }: { type: GpuType; count: number },
): Promise<ServerProcess> {
  const kwok = await startServer({
    name: "kwok",
    program: await buildTool("kwok"),
    args: [
      `--kubeconfig=${kubeconfigPath}`,
      `--config=${STAGES}`,
      "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
      "--node-lease-duration-seconds=40",
    ],
    logFile: join(directory, "kwok.log"),
    isReady: () => Promise.resolve(true),
  });
  try {
    await addNodes(admin, type, count);
  } catch (error) {
    await kwok.stop();
    throw error;
  }
  return kwok;
}

/** Adds nodes, possibly of another type, to a running KWOK. */
export async function addNodes(
  admin: Kubernetes["admin"],
  type: GpuType,
  count: number,
): Promise<void> {
  await eachOf(count, CONCURRENCY, async (index) => {
    await admin.expect("POST", "/api/v1/nodes", nodeOf(type, `${type.id}-${String(index + 1)}`));
  });
  await waitFor(
    async () => {
      const { items } = await admin.expect<{ items: { spec: { taints?: { key: string }[] } }[] }>(
        "GET",
        "/api/v1/nodes?resourceVersion=0",
      );
      return items.every(({ spec }) => !spec.taints?.some(({ key }) => key.includes("not-ready")));
    },
    { timeoutMs: 120_000, intervalMs: 500, describe: "every node to be ready" },
  );
}

/**
 * Adds unbound volumes of the default storage class. Kubernetes' own controller binds them to
 * claims; a pod with a disk is scheduled only when its claim is bound.
 */
export async function addVolumes(
  admin: Kubernetes["admin"],
  { count, sizeGib }: { count: number; sizeGib: number },
): Promise<void> {
  const storageClassName = "pre-provisioned";
  await admin.expect("POST", "/apis/storage.k8s.io/v1/storageclasses", {
    metadata: {
      name: storageClassName,
      annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
    },
    provisioner: "kubernetes.io/no-provisioner",
    volumeBindingMode: "Immediate",
  });
  await eachOf(count, CONCURRENCY, async (index) => {
    await admin.expect("POST", "/api/v1/persistentvolumes", {
      metadata: { name: `volume-${String(index + 1)}` },
      spec: {
        storageClassName,
        capacity: { storage: `${String(sizeGib)}Gi` },
        accessModes: ["ReadWriteOncePod"],
        hostPath: { path: "/nowhere" },
      },
    });
  });
}

function nodeOf({ id, node, resource }: GpuType, name: string): object {
  const amounts = {
    cpu: String(node.cpus),
    memory: `${String(node.memoryGib)}Gi`,
    pods: "110",
    ...(resource === null ? {} : { [resource]: String(node.gpus) }),
  };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      annotations: { "kwok.x-k8s.io/node": "fake" },
      labels: {
        "kubernetes.io/hostname": name,
        "topology.kubernetes.io/zone": "us-east-2a",
        "gpu-dev.io/type": id,
      },
    },
    status: { allocatable: amounts, capacity: amounts },
  };
}
