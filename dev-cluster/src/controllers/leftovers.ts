import type { Clock } from "../clock.ts";
import { deleteIfThere } from "../objects/objectDeletion.ts";
import type { ObjectOperations } from "../objects/objectOperations.ts";
import { isTerminal } from "../resources/pod.ts";
import { podType } from "../resources/podType.ts";
import { eventType, nodeType } from "../resources/simpleTypes.ts";

const EVENT_MILLIS = 60 * 60 * 1000;

export interface LeftoverOptions {
  operations: ObjectOperations;
  clock: Clock;
  /** How long a node may be missing before its pods are taken for lost. */
  quarantineMillis: number;
}

/** Removes pods whose node is no more, since nobody else would, and events that are an hour old. */
export class Leftovers {
  readonly #options: LeftoverOptions;
  readonly #missingSince = new Map<string, number>();

  constructor(options: LeftoverOptions) {
    this.#options = options;
  }

  run(): void {
    this.#removeOrphanedPods();
    this.#removeOldEvents();
  }

  #removeOrphanedPods(): void {
    const { operations, clock, quarantineMillis } = this.#options;
    const now = clock.now();
    for (const pod of operations.list(podType)) {
      const name = pod.spec.nodeName ?? "";
      if (name === "") continue;
      if (operations.find(nodeType, { name }) !== undefined) {
        this.#missingSince.delete(name);
        continue;
      }
      const since = this.#missingSince.get(name) ?? now;
      this.#missingSince.set(name, since);
      if (now - since < quarantineMillis) continue;
      // Watchers see how it ended before they see it gone.
      if (!isTerminal(pod)) {
        const message = `Its node ${name} is no more.`;
        const failed = { phase: "Failed" as const, reason: "NodeLost", message };
        const change = (draft: typeof pod) => {
          draft.status = { ...draft.status, ...failed };
        };
        operations.edit(podType, pod.metadata, change, { subresource: "status" });
      }
      deleteIfThere(operations, podType, pod, 0);
    }
  }

  #removeOldEvents(): void {
    const { operations, clock } = this.#options;
    for (const event of operations.list(eventType)) {
      const { lastTimestamp } = event as { lastTimestamp?: string };
      const last = Date.parse(lastTimestamp ?? event.metadata.creationTimestamp);
      if (clock.now() - last > EVENT_MILLIS) deleteIfThere(operations, eventType, event);
    }
  }
}
