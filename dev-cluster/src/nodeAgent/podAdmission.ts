import type { FleetNode } from "../fleet/fleetFile.ts";
import type { Pod } from "./kubeTypes.ts";
import type { PodRecord, PodRecords } from "./podRecords.ts";

export type Admission = { record: PodRecord } | { refusal: { reason: string; message: string } };

/** Gives the pod its address and GPUs, or says why the node can't take it. A pod that is known keeps what it has. */
export function admitPod(pod: Pod, node: FleetNode, records: PodRecords): Admission {
  const { uid, namespace, name } = pod.metadata;
  const known = records.get(uid);
  if (known !== undefined) return { record: known };
  const wanted = gpusWanted(pod, node);
  const free = records.freeGpus(node.name, node.gpus);
  if (wanted > node.gpus) {
    const message = `Node has ${String(node.gpus)} GPUs, the pod asks for ${String(wanted)}`;
    return { refusal: { reason: "UnexpectedAdmissionError", message } };
  }
  if (wanted > free.length) {
    const message =
      `Node didn't have enough resource: ${String(node.resource)}, requested: ${String(wanted)}, ` +
      `used: ${String(node.gpus - free.length)}, capacity: ${String(node.gpus)}`;
    return { refusal: { reason: `OutOf${String(node.resource)}`, message } };
  }
  const gpus = free.slice(0, wanted);
  return { record: records.admit({ uid, namespace, name, node: node.name, gpus }) };
}

function gpusWanted(pod: Pod, node: FleetNode): number {
  if (node.resource === null) return 0;
  const { resource } = node;
  const asked = pod.spec.containers.map(({ resources }) =>
    Number(resources?.limits?.[resource] ?? resources?.requests?.[resource] ?? 0),
  );
  return asked.reduce((sum, count) => sum + count, 0);
}
