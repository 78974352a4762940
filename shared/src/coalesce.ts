/** Runs of one job that never overlap. See `createCoalescer`. */
export interface Coalescer {
  /** Requests a run: at once when idle, otherwise one more run after the current one. */
  readonly trigger: () => void;
  /** Resolves when no run is in progress and none is pending. */
  readonly settled: () => Promise<void>;
  /** Drops the pending run and ignores later triggers. Resolves when the current run has ended. */
  readonly stop: () => Promise<void>;
}

/**
 * "Run now; if asked during the run, run once more." However often `trigger` is called during a
 * run, exactly one more run follows, and that run starts after the last trigger, so it sees
 * everything that the trigger announced.
 *
 * @param run one run; it handles its own errors. A rejection is passed to `onError` and does not
 * end the coalescer.
 */
export function createCoalescer(
  run: () => Promise<void>,
  onError: (error: unknown) => void = rethrowLater,
): Coalescer {
  let current: Promise<void> | undefined;
  let isPending = false;
  let isStopped = false;

  const loop = async (): Promise<void> => {
    while (isPending && !isStopped) {
      isPending = false;
      await run().catch(onError);
    }
    current = undefined;
  };

  return {
    trigger() {
      if (isStopped) return;
      isPending = true;
      current ??= loop();
    },
    async settled() {
      while (current) await current;
    },
    async stop() {
      isStopped = true;
      while (current) await current;
    },
  };
}

/**
 * An error that the run did not handle is a defect: it surfaces as an uncaught exception, never
 * silently.
 */
function rethrowLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
