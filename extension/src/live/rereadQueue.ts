/**
 * Decides when to re-read something. Requests that arrive close together share one read. A request
 * during a read leads to one more read, because the current one may have started too early to see
 * the change. Unlike `createCoalescer`, a read starts after a delay, and a more urgent request
 * brings it forward.
 */
export interface RereadQueue<Key extends string> {
  /** Reads `key` within `delayMs`, or sooner if an earlier read of it is already due. */
  request(key: Key, delayMs: number): void;
  /** Starts no further reads. */
  stop(): void;
}

export interface RereadQueueOptions<Key extends string> {
  /** Handles its own errors. */
  readonly read: (key: Key) => Promise<void>;
  /** Monotonic milliseconds. */
  readonly elapsed?: () => number;
  /** Runs a function after `ms`; returns a function that cancels it. */
  readonly schedule?: (ms: number, run: () => void) => () => void;
}

interface Entry {
  readonly dueAt: number;
  /** Set while the read is scheduled, undefined while it runs. */
  cancel: (() => void) | undefined;
  /** The delay of the next read, if it was requested during the current one. */
  nextDelayMs: number | undefined;
}

export function createRereadQueue<Key extends string>({
  read,
  elapsed = () => performance.now(),
  schedule = scheduleTimer,
}: RereadQueueOptions<Key>): RereadQueue<Key> {
  const entries = new Map<Key, Entry>();
  let isStopped = false;
  const scheduleRead = (key: Key, delayMs: number) => {
    const entry: Entry = {
      dueAt: elapsed() + delayMs,
      cancel: undefined,
      nextDelayMs: undefined,
    };
    entries.set(key, entry);
    entry.cancel = schedule(delayMs, () => {
      entry.cancel = undefined;
      void read(key).finally(() => {
        entries.delete(key);
        if (entry.nextDelayMs !== undefined && !isStopped) scheduleRead(key, entry.nextDelayMs);
      });
    });
  };
  return {
    request: (key, delayMs) => {
      if (isStopped) return;
      const entry = entries.get(key);
      if (entry === undefined) {
        scheduleRead(key, delayMs);
      } else if (entry.cancel === undefined) {
        entry.nextDelayMs = Math.min(entry.nextDelayMs ?? delayMs, delayMs);
      } else if (elapsed() + delayMs < entry.dueAt) {
        entry.cancel();
        scheduleRead(key, delayMs);
      }
    },
    stop: () => {
      isStopped = true;
      for (const entry of entries.values()) entry.cancel?.();
      entries.clear();
    },
  };
}

function scheduleTimer(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  return () => {
    clearTimeout(timer);
  };
}
