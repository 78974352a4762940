import type { V1Pod } from "@kubernetes/client-node";
import { belongsTo, PodWatch } from "../podWatch.ts";
import { cancel, reserve, until } from "../reserve.ts";
import { NAMESPACE, type Stack } from "../stack.ts";
import { ratio, summarise, type Figure } from "../statistics.ts";

const SAMPLES = 40;

/**
 * POST sent -> the pod is seen by a watch on the API server, with capacity free. Floor: a bare client that creates a
 * copy of the same pod, seen by the same watch. The two take turns, so both meet the same machine.
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
  const [us, them] = [summarise(ours), summarise(floor)];
  return [
    {
      name: "pod-created",
      budget: "POST -> pod: p50 10 ms, p99 30 ms (on a real API server)",
      figures: { "ours, ms": us, "bare client, ms": them, "ratio of p50": ratio(us.p50, them.p50) },
    },
  ];
}

async function oursOnce(stack: Stack, pods: PodWatch): Promise<[number, V1Pod]> {
  let template: V1Pod | undefined;
  // Nothing else is reserved meanwhile, so the next pod that is added is this reservation's.
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
  if (!template) throw new Error("the watch told of a pod without showing it");
  return [at - before, template];
}

/** The same pod under another name, as one of another installation: the control plane must take no notice of it. */
async function floorOnce(
  stack: Stack,
  pods: PodWatch,
  template: V1Pod,
  index: number,
): Promise<number> {
  const { spec } = template;
  if (!spec) throw new Error("the pod to copy has no spec");
  const name = `floor-${String(index)}`;
  const isIt = (pod: V1Pod): boolean => pod.metadata?.name === name;
  const added = pods.next("ADDED", isIt);
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
  const gone = pods.next("DELETED", isIt);
  await stack.core.deleteNamespacedPod({ name, namespace: NAMESPACE, gracePeriodSeconds: 0 });
  await gone;
  return at - before;
}
