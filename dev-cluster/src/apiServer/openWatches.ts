import type { RequestFacts, RequestFault } from "../faults/requestFault.ts";
import { matchesFault } from "../faults/requestFault.ts";
import type { RequestFaults } from "../faults/requestFaults.ts";
import type { WatchStream } from "./watchStream.ts";

interface OpenWatch {
  facts: RequestFacts;
  stream: WatchStream;
  /** The fault that made it fall silent: what it missed then is lost, so it is cut when the fault ends. */
  silencedBy: string | undefined;
}

/** The watches that are open now, within reach of injected faults and of the end of the server. */
export class OpenWatches {
  readonly #faults: RequestFaults;
  readonly #open = new Set<OpenWatch>();

  constructor(faults: RequestFaults) {
    this.#faults = faults;
    faults.on("watches", (fault) => {
      this.#cut(fault);
    });
    faults.on("removed", (id) => {
      for (const each of this.#open) if (each.silencedBy === id) each.stream.drop();
    });
  }

  add(facts: RequestFacts, start: (isSilenced: () => boolean) => WatchStream): () => void {
    const isSilenced = () => {
      open.silencedBy ??= this.#faults.silencer(facts);
      return open.silencedBy !== undefined;
    };
    const open: OpenWatch = { facts, stream: start(isSilenced), silencedBy: undefined };
    open.stream.start();
    this.#open.add(open);
    return () => this.#open.delete(open);
  }

  endAll(): void {
    for (const { stream } of this.#open) stream.end();
    this.#open.clear();
  }

  #cut(fault: RequestFault): void {
    for (const { facts, stream } of this.#open) {
      if (!matchesFault(fault.match, facts)) continue;
      if ("gone" in fault.effect) stream.endExpired("injected: too old resource version");
      else stream.drop();
    }
  }
}
