import { EventEmitter } from "node:events";
import {
  matchesFault,
  type RequestEffect,
  type RequestFacts,
  type RequestFault,
} from "./requestFault.ts";

interface RequestFaultEvents {
  /** Matching open watches must be cut, or ended with 410. */
  readonly watches: [fault: RequestFault];
  /** The fault has ended: requests and watches that it holds are cut. */
  readonly removed: [id: string];
}

/** The injected faults that concern requests, in the order in which they were added. */
export class RequestFaults extends EventEmitter<RequestFaultEvents> {
  readonly #faults = new Map<string, RequestFault>();
  /** Faults whose count is used up; requests that they hold are cut when the faults are cleared. */
  readonly #spent = new Set<string>();
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    super();
    this.setMaxListeners(0);
    this.#random = random;
  }

  add(fault: RequestFault): void {
    // A cut happens once: the fault is not stored.
    if (!("dropWatches" in fault.effect)) this.#faults.set(fault.id, fault);
    if ("dropWatches" in fault.effect || "gone" in fault.effect) this.emit("watches", fault);
  }

  remove(id: string): boolean {
    const removed = this.#faults.delete(id) || this.#spent.delete(id);
    if (removed) this.emit("removed", id);
    return removed;
  }

  clear(): void {
    for (const id of [...this.#faults.keys(), ...this.#spent]) this.remove(id);
  }

  list(): RequestFault[] {
    return [...this.#faults.values()];
  }

  /** The effects on this request; each use is counted. */
  take(facts: RequestFacts): { id: string; effect: RequestEffect }[] {
    const taken: RequestFault[] = [];
    for (const fault of this.#faults.values()) {
      if ("silenceWatches" in fault.effect || !matchesFault(fault.match, facts)) continue;
      if (fault.probability !== undefined && this.#random() >= fault.probability) continue;
      taken.push(fault);
      if (fault.count === undefined) continue;
      if (fault.count <= 1) {
        this.#faults.delete(fault.id);
        if ("hang" in fault.effect) this.#spent.add(fault.id);
      } else this.#faults.set(fault.id, { ...fault, count: fault.count - 1 });
    }
    return taken;
  }

  /** The fault that silences a watch. */
  silencer(facts: RequestFacts): string | undefined {
    return this.list().find(
      (fault) => "silenceWatches" in fault.effect && matchesFault(fault.match, facts),
    )?.id;
  }
}
