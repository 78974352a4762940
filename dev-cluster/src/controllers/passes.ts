import { setImmediate } from "node:timers/promises";
import { createCoalescer } from "../platform/coalesce.ts";
import { Second } from "../platform/clock.ts";
import type { Change, ObjectStore } from "../store/objectStore.ts";

export interface PassOptions {
  readonly store: ObjectStore;
  /** Whether a change may require a pass. */
  readonly concerns: (change: Change) => boolean;
  /** Reads all relevant objects and reconciles them; must be idempotent. */
  readonly run: () => void;
  /** Interval of passes that no change triggers. */
  readonly everyMs?: number | undefined;
  readonly onError: (error: unknown) => void;
}

/** A failed pass is retried after this time, because no further change may come to trigger it. */
const RETRY_MS = Second.ms;

/**
 * Runs a controller's pass soon after changes, once for changes that arrive together, and at an
 * interval if one is set. Passes never overlap. Returns a function that stops them.
 */
export function startPasses(options: PassOptions): () => void {
  const { store, concerns, run, everyMs, onError } = options;
  let retry: NodeJS.Timeout | undefined;
  const passes = createCoalescer(
    () => {
      clearTimeout(retry);
      try {
        run();
      } catch (error) {
        onError(error);
        retry = setTimeout(passes.trigger, RETRY_MS);
      }
    },
    { defer: setImmediate },
  );
  const unsubscribe = store.subscribe((change) => {
    if (concerns(change)) passes.trigger();
  });
  const interval = everyMs === undefined ? undefined : setInterval(passes.trigger, everyMs);
  passes.trigger();
  return () => {
    unsubscribe();
    clearInterval(interval);
    clearTimeout(retry);
    // Passes are synchronous: none is in progress here, and none starts from now on.
    void passes.stop();
  };
}
