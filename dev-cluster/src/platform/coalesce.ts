/** Runs of a job that never overlap. See `createCoalescer`. */
export interface Coalescer {
  /** Requests a run: at once when idle, otherwise one more run after the current one. */
  readonly trigger: () => void;
  /** Resolves when no run is in progress and none is pending. */
  readonly settled: () => Promise<void>;
  /** Drops the pending run and ignores later triggers. Resolves when the current run has ended. */
  readonly stop: () => Promise<void>;
}

export interface CoalescerOptions {
  /** Awaited before each run; triggers until then belong to that run. */
  readonly defer?: () => Promise<unknown>;
  /** Receives errors that the run did not handle; they do not end the coalescer. */
  readonly onError?: (error: unknown) => void;
}

/**
 * "Run now; if asked during the run, run once more." However often `trigger` is called during a
 * run, exactly one more run follows, and that run starts after the last trigger, so it sees
 * everything that the trigger announced.
 */
export function createCoalescer(
  run: () => void | Promise<void>,
  { defer, onError = rethrowLater }: CoalescerOptions = {},
): Coalescer {
  let current: Promise<void> | undefined;
  let isPending = false;
  let isStopped = false;

  // A function, because the compiler assumes that a variable does not change during an await.
  const hasWork = (): boolean => isPending && !isStopped;
  const loop = async (): Promise<void> => {
    while (hasWork()) {
      await defer?.();
      if (!hasWork()) break;
      isPending = false;
      try {
        await run();
      } catch (error) {
        onError(error);
      }
    }
    current = undefined;
  };
  const settled = async (): Promise<void> => {
    while (current) await current;
  };

  return {
    trigger: () => {
      if (isStopped) return;
      isPending = true;
      current ??= loop();
    },
    settled,
    stop: async () => {
      isStopped = true;
      await settled();
    },
  };
}

/** An error that the run did not handle is a defect: it surfaces as an uncaught exception. */
function rethrowLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
