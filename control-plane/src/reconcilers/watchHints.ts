import { createCoalescer } from "@gpu-dev/shared/coalesce.ts";
import { Second } from "@gpu-dev/shared/durations.ts";
import type { NodeView, PodView } from "../cluster/port.ts";
import { recordContact } from "../store/capacity.ts";
import { queueAllNow, type Work, type ReconcilerName } from "../store/jobs.ts";
import type { ReconcilerContext } from "./context.ts";

const CONTACT_INTERVAL_MS = 5 * Second.ms;

/**
 * Queues work for the changes that the cluster's watches report, one statement per burst. A failed
 * write is only logged, because the resync covers lost hints.
 */
export async function watchHints(context: ReconcilerContext): Promise<{ stop(): Promise<void> }> {
  const outbox = createOutbox(context);
  const nodes = new Map<string, string>();
  const foreignPods = new Map<string, string>();
  const watching = await context.cluster.watch({
    onPod: (pod: PodView, change) => {
      if (pod.installation !== context.installation) {
        // A foreign pod matters only if it uses GPUs: when it is bound, ends or is deleted.
        const relevant = change === "deleted" ? "gone" : `${pod.node ?? ""} ${pod.phase}`;
        if (pod.gpus === 0 || foreignPods.get(pod.uid) === relevant) return;
        if (change === "deleted") foreignPods.delete(pod.uid);
        else foreignPods.set(pod.uid, relevant);
        outbox.add("capacity", "default");
      } else if (pod.reservationId !== undefined) {
        outbox.add("reservation", pod.reservationId);
      }
    },
    onNode: (node: NodeView, change) => {
      // A heartbeat changes only the resource version.
      const relevant =
        change === "deleted" ? "gone" : JSON.stringify({ ...node, resourceVersion: "" });
      if (nodes.get(node.name) === relevant) return;
      nodes.set(node.name, relevant);
      outbox.add("capacity", "default");
    },
    onContact: () => {
      outbox.contact();
    },
  });
  return {
    stop: async () => {
      await watching.stop();
      await outbox.settled();
    },
  };
}

function createOutbox({ database, clock, log, availability }: ReconcilerContext) {
  const pending = new Map<string, Work>();
  let contactDue = false;
  let contactAt = 0;
  const sender = createCoalescer(async () => {
    // Waits until all hints of one burst are added.
    await Promise.resolve();
    const work = [...pending.values()];
    const hasContact = contactDue;
    pending.clear();
    contactDue = false;
    try {
      await queueAllNow(database, work);
      if (hasContact) await recordContact(database, clock.now());
    } catch (error) {
      log.warn({ err: error, hints: work.length }, "watch hints dropped; resync will recover");
    }
  });

  return {
    add: (reconciler: ReconcilerName, key: string) => {
      pending.set(`${reconciler}/${key}`, { reconciler, key });
      sender.trigger();
    },
    contact: () => {
      availability.succeeded();
      const now = clock.now().getTime();
      if (now - contactAt < CONTACT_INTERVAL_MS) return;
      contactAt = now;
      contactDue = true;
      sender.trigger();
    },
    settled: () => sender.settled(),
  };
}
