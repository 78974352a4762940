import { Hour, type Clock } from "../platform/clock.ts";
import { deleteIfExists } from "../objects/objectDeletion.ts";
import type { ObjectOperations } from "../objects/objectOperations.ts";
import { isTerminal } from "../resources/pod.ts";
import { podType } from "../resources/podType.ts";
import { eventType, nodeType } from "../resources/simpleTypes.ts";

const EVENT_MS = Hour.ms;

export interface LeftoverOptions {
  readonly operations: ObjectOperations;
  readonly clock: Clock;
  /** How long a node may be missing before its pods count as lost. */
  readonly quarantineMs: number;
}

/**
 * Removes pods whose node no longer exists, which nothing else would remove, and events older than
 * an hour.
 */
export function createLeftoverRemoval(options: LeftoverOptions): () => void {
  const missingSince = new Map<string, number>();
  return () => {
    removeOrphanedPods(options, missingSince);
    removeOldEvents(options);
  };
}

function removeOrphanedPods(
  { operations, clock, quarantineMs }: LeftoverOptions,
  missingSince: Map<string, number>,
): void {
  const now = clock.now();
  for (const pod of operations.list(podType)) {
    const name = pod.spec.nodeName ?? "";
    if (name === "") continue;
    if (operations.find(nodeType, { name }) !== undefined) {
      missingSince.delete(name);
      continue;
    }
    const since = missingSince.get(name) ?? now;
    missingSince.set(name, since);
    if (now - since < quarantineMs) continue;
    // Watchers see how it ended before they see its removal.
    if (!isTerminal(pod)) {
      const message = `Node ${name} no longer exists.`;
      const failed = { phase: "Failed" as const, reason: "NodeLost", message };
      const change = (draft: typeof pod) => {
        draft.status = { ...draft.status, ...failed };
      };
      operations.edit(podType, pod.metadata, change, { subresource: "status" });
    }
    deleteIfExists(operations, podType, pod, 0);
  }
}

function removeOldEvents({ operations, clock }: LeftoverOptions): void {
  for (const event of operations.list(eventType)) {
    const { lastTimestamp } = event as { lastTimestamp?: string };
    const last = Date.parse(lastTimestamp ?? event.metadata.creationTimestamp);
    if (clock.now() - last > EVENT_MS) deleteIfExists(operations, eventType, event);
  }
}
