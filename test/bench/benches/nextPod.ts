import { belongsTo, PodWatch } from "../podWatch.ts";
import { cancel, reserve, until } from "../reserve.ts";
import type { Stack } from "../stack.ts";
import { summarise, type Figure } from "../statistics.ts";

const SAMPLES = 20;

/**
 * Pod object deleted -> pod of the next queued reservation created. Each reservation takes the
 * whole node.
 */
export async function nextPod(stack: Stack): Promise<Figure[]> {
  const pods = await PodWatch.start(stack);
  const waits: number[] = [];
  try {
    let holder = await reserve(stack, "l4", 4);
    await until(stack, holder, ["ready"]);
    for (let i = 0; i < SAMPLES; i += 1) {
      const next = await reserve(stack, "l4", 4);
      const gone = pods.next("DELETED", belongsTo(holder.id));
      const added = pods.next("ADDED", belongsTo(next.id));
      await cancel(stack, holder);
      waits.push((await added) - (await gone));
      holder = next;
      await until(stack, holder, ["ready"]);
    }
    await cancel(stack, holder);
    await until(stack, holder, ["ended"]);
  } finally {
    pods.stop();
  }
  return [
    {
      name: "next-pod",
      budget: "pod object gone -> next pod created: p99 50 ms",
      figures: { "ours, ms": summarise(waits) },
    },
  ];
}
