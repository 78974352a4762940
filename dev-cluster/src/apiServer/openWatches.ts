import { matchesFault, type RequestFacts } from "../faults/requestFault.ts";
import type { RequestFaults } from "../faults/requestFaults.ts";
import type { WatchStream } from "./watchStream.ts";

interface OpenWatch {
  readonly facts: RequestFacts;
  readonly stream: WatchStream;
  /**
   * The fault that silenced the watch: the changes since are lost, so the watch is cut when the
   * fault ends.
   */
  silencedBy: string | undefined;
}

/**
 * The open watches, which injected faults and the server's shutdown can end. See
 * `createOpenWatches`.
 */
export interface OpenWatches {
  /** Starts a watch; returns a function that removes it from the set. */
  add(facts: RequestFacts, start: (isSilenced: () => boolean) => WatchStream): () => void;
  endAll(): void;
}

export function createOpenWatches(faults: RequestFaults): OpenWatches {
  const watches = new Set<OpenWatch>();
  faults.on("watches", (fault) => {
    for (const { facts, stream } of watches) {
      if (!matchesFault(fault.match, facts)) continue;
      if ("gone" in fault.effect) stream.endExpired("injected: too old resource version");
      else stream.drop();
    }
  });
  faults.on("removed", (id) => {
    for (const watch of watches) if (watch.silencedBy === id) watch.stream.drop();
  });
  return {
    add: (facts, start) => {
      const isSilenced = () => {
        watch.silencedBy ??= faults.silencer(facts);
        return watch.silencedBy !== undefined;
      };
      const watch: OpenWatch = { facts, stream: start(isSilenced), silencedBy: undefined };
      watch.stream.start();
      watches.add(watch);
      return () => watches.delete(watch);
    },
    endAll: () => {
      for (const { stream } of watches) stream.end();
      watches.clear();
    },
  };
}
