import type { V1Pod } from "@kubernetes/client-node";
import { PodWatch } from "../podWatch.ts";
import { cancel, reserve, until } from "../reserve.ts";
import type { Stack } from "../stack.ts";
import { summarise, type Figure } from "../statistics.ts";

const SAMPLES = 20;

/**
 * A watch shows the pod's Ready condition -> a client of the event stream receives
 * `reservation.ready`.
 */
export async function readyEvent(stack: Stack): Promise<Figure[]> {
  const pods = await PodWatch.start(stack);
  const abort = new AbortController();
  const received = new Map<string, number>();
  const opened = Promise.withResolvers<undefined>();
  const reading = (async () => {
    for await (const item of stack.client.events({ signal: abort.signal })) {
      if (item.kind === "open") opened.resolve(undefined);
      if (item.kind === "event" && item.event.type === "reservation.ready") {
        received.set(item.event.reservationId ?? "", performance.now());
      }
    }
  })();
  const delays: number[] = [];
  const starts: number[] = [];
  try {
    await opened.promise;
    for (let i = 0; i < SAMPLES; i += 1) {
      const ready = pods.next("MODIFIED", isReady);
      const before = performance.now();
      const reservation = await reserve(stack, "t4", 1);
      const readyAt = await ready;
      await until(stack, reservation, ["ready"]);
      const receivedAt = await waitForKey(received, reservation.id);
      delays.push(receivedAt - readyAt);
      starts.push(receivedAt - before);
      await cancel(stack, reservation);
      await until(stack, reservation, ["ended"]);
    }
  } finally {
    abort.abort();
    pods.stop();
    await reading;
  }
  return [
    {
      name: "ready-event",
      budget: "pod Ready -> event at a stream client: p99 100 ms",
      figures: { "ours, ms": summarise(delays), "POST -> ready event, ms": summarise(starts) },
    },
  ];
}

function isReady(pod: V1Pod): boolean {
  return (pod.status?.conditions ?? []).some(
    ({ type, status }) => type === "Ready" && status === "True",
  );
}

async function waitForKey(map: ReadonlyMap<string, number>, key: string): Promise<number> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const value = map.get(key);
    if (value !== undefined) return value;
    if (performance.now() > deadline)
      throw new Error("the event did not arrive within ten seconds");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
