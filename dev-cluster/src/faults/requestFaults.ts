import { EventEmitter } from "node:events";
import type { RequestEffect, RequestFacts, RequestFault } from "./requestFault.ts";
import { matchesFault } from "./requestFault.ts";

interface RequestFaultEvents {
  /** Open watches that match are to be cut, or told 410. */
  watches: [fault: RequestFault];
  /** The fault is over: what hangs by it is cut. */
  removed: [id: string];
}

/** The injected faults that concern requests, in the order in which they were added. */
export class RequestFaults extends EventEmitter<RequestFaultEvents> {
  readonly #faults = new Map<string, RequestFault>();
  /** Used up by their count: what hangs by them is still to be cut when all is cleared. */
  readonly #spent = new Set<string>();
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    super();
    this.setMaxListeners(0);
    this.#random = random;
  }

  add(fault: RequestFault): void {
    // Cutting is an act and not a state: there is nothing to keep.
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

  /** The effects on this request, each counted as used. */
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

  /** The fault by which a watch says nothing. */
  silencer(facts: RequestFacts): string | undefined {
    return this.list().find(
      (fault) => "silenceWatches" in fault.effect && matchesFault(fault.match, facts),
    )?.id;
  }
}
