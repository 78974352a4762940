import type { NodeView, PodView } from "../cluster/port.ts";
import { recordContact } from "../store/clusterContact.ts";
import { queueAllNow } from "../store/jobBatches.ts";
import type { ReconcilerName } from "../store/jobs.ts";
import type { ReconcilerContext } from "./context.ts";

const CONTACT_EVERY_MS = 5_000;

/**
 * Turns what the cluster's watches tell into queued work. Bursts become one statement; a hint that is lost is
 * made good by the resync, so a failed write is only logged.
 */
export async function watchHints(context: ReconcilerContext): Promise<{ stop(): Promise<void> }> {
  const outbox = createOutbox(context);
  const nodes = new Map<string, string>();
  const foreign = new Map<string, string>();
  const watching = await context.cluster.watch({
    onPod: (pod: PodView, change) => {
      if (pod.installation !== context.installation) {
        // Somebody else's: it counts where it takes GPUs, as it is bound, ends or goes.
        const counts = change === "deleted" ? "gone" : `${pod.node ?? ""} ${pod.phase}`;
        if (pod.gpus === 0 || foreign.get(pod.uid) === counts) return;
        if (change === "deleted") foreign.delete(pod.uid);
        else foreign.set(pod.uid, counts);
        outbox.add("capacity", "default");
      } else if (pod.reservationId !== null) {
        outbox.add("reservation", pod.reservationId);
      }
    },
    onNode: (node: NodeView, change) => {
      // A node's heartbeat changes nothing that counts.
      const counts =
        change === "deleted" ? "gone" : JSON.stringify({ ...node, resourceVersion: "" });
      if (nodes.get(node.name) === counts) return;
      nodes.set(node.name, counts);
      outbox.add("capacity", "default");
    },
    onContact: () => {
      outbox.contact();
    },
  });
  return {
    stop: async () => {
      await watching.stop();
      await outbox.flushed();
    },
  };
}

function createOutbox({ database, clock, log, steadiness }: ReconcilerContext) {
  const waiting = new Map<string, { reconciler: ReconcilerName; key: string }>();
  let sending: Promise<void> | undefined;
  let contactDue = false;
  let contactAt = 0;

  async function send(): Promise<void> {
    await Promise.resolve();
    while (waiting.size > 0 || contactDue) {
      const work = [...waiting.values()];
      const contact = contactDue;
      waiting.clear();
      contactDue = false;
      try {
        await queueAllNow(database, work);
        if (contact) await recordContact(database, clock.now());
      } catch (error) {
        log.warn({ err: error, hints: work.length }, "hints were lost; the resync makes them good");
      }
    }
    sending = undefined;
  }

  return {
    add: (reconciler: ReconcilerName, key: string) => {
      waiting.set(`${reconciler}/${key}`, { reconciler, key });
      sending ??= send();
    },
    contact: () => {
      steadiness.answered();
      const now = clock.now().getTime();
      if (now - contactAt < CONTACT_EVERY_MS) return;
      contactAt = now;
      contactDue = true;
      sending ??= send();
    },
    flushed: async () => {
      await sending;
    },
  };
}
