import type { V1Pod } from "@kubernetes/client-node";
import { belongsTo, PodWatch } from "../podWatch.ts";
import { cancel, reserve, until } from "../reserve.ts";
import { NAMESPACE, type Stack } from "../stack.ts";
import { ratio, summarise, type Figure } from "../statistics.ts";

const SAMPLES = 40;

/**
 * POST sent -> a watch on the API server shows the pod, with capacity free. Floor: a bare client
 * that creates a copy of the same pod, with the same watch. The two alternate, so both run under
 * the same conditions.
 */
export async function podCreated(stack: Stack): Promise<Figure[]> {
  const pods = await PodWatch.start(stack);
  const ours: number[] = [];
  const floor: number[] = [];
  try {
    for (let i = 0; i < SAMPLES + 3; i += 1) {
      const [measured, template] = await oursOnce(stack, pods);
      const bare = await floorOnce(stack, pods, template, i);
      // The first three warm up connections and compiled code on both sides.
      if (i < 3) continue;
      ours.push(measured);
      floor.push(bare);
    }
  } finally {
    pods.stop();
  }
  const [own, bare] = [summarise(ours), summarise(floor)];
  return [
    {
      name: "pod-created",
      budget: "POST -> pod: p50 10 ms, p99 30 ms (on a real API server)",
      figures: {
        "ours, ms": own,
        "bare client, ms": bare,
        "ratio of p50": ratio(own.p50, bare.p50),
      },
    },
  ];
}

async function oursOnce(stack: Stack, pods: PodWatch): Promise<[number, V1Pod]> {
  let template: V1Pod | undefined;
  // Nothing else is reserved at this time, so the next added pod belongs to this reservation.
  const added = pods.next("ADDED", (pod) => {
    template = pod;
    return true;
  });
  const before = performance.now();
  const reservation = await reserve(stack, "a10g", 1);
  const at = await added;
  await until(stack, reservation, ["ready"]);
  const gone = pods.next("DELETED", belongsTo(reservation.id));
  await cancel(stack, reservation);
  await gone;
  await until(stack, reservation, ["ended"]);
  if (!template) throw new Error("the watch reported a change without the pod");
  return [at - before, template];
}

/** The same pod under another name and installation, so that the control plane ignores it. */
async function floorOnce(
  stack: Stack,
  pods: PodWatch,
  template: V1Pod,
  index: number,
): Promise<number> {
  const { spec } = template;
  if (!spec) throw new Error("the pod to copy has no spec");
  const name = `floor-${String(index)}`;
  const isFloorPod = (pod: V1Pod): boolean => pod.metadata?.name === name;
  const added = pods.next("ADDED", isFloorPod);
  const before = performance.now();
  await stack.core.createNamespacedPod({
    namespace: NAMESPACE,
    body: {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, labels: { "gpu-dev.io/installation": "bench" } },
      // Never scheduled: the floor is the API server's work alone.
      spec: { ...spec, nodeSelector: { "bench/none": "true" } },
    },
  });
  const at = await added;
  const gone = pods.next("DELETED", isFloorPod);
  await stack.core.deleteNamespacedPod({ name, namespace: NAMESPACE, gracePeriodSeconds: 0 });
  await gone;
  return at - before;
}
