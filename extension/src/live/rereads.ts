/**
 * Decides when something is read anew. Several reasons close together make one read; a reason that comes while a
 * read is under way makes one more after it, because that read may have begun too early to see it.
 */
export interface Rereads<Key extends string> {
  /** Reads within `delayMs`: earlier where an earlier read of the same is already due. */
  ask(key: Key, delayMs: number): void;
  /** Nothing begins any more. */
  stop(): void;
}

interface Turn {
  dueAt: number;
  /** Set while it waits, undefined while it reads. */
  cancel: (() => void) | undefined;
  /** Asked for while it reads: the delay of the next one. */
  again: number | undefined;
}

export interface RereadOptions<Key extends string> {
  /** Never throws: what failed is told elsewhere. */
  readonly read: (key: Key) => Promise<void>;
  /** Milliseconds that only grow. */
  readonly elapsed?: () => number;
  readonly later?: (ms: number, run: () => void) => () => void;
}

export function createRereads<Key extends string>({
  read,
  elapsed = () => performance.now(),
  later = laterByTimer,
}: RereadOptions<Key>): Rereads<Key> {
  const turns = new Map<Key, Turn>();
  let stopped = false;
  const wait = (key: Key, delayMs: number) => {
    const turn: Turn = { dueAt: elapsed() + delayMs, cancel: undefined, again: undefined };
    turns.set(key, turn);
    turn.cancel = later(delayMs, () => {
      turn.cancel = undefined;
      void read(key).finally(() => {
        turns.delete(key);
        if (turn.again !== undefined && !stopped) wait(key, turn.again);
      });
    });
  };
  return {
    ask: (key, delayMs) => {
      if (stopped) return;
      const turn = turns.get(key);
      if (turn === undefined) {
        wait(key, delayMs);
      } else if (turn.cancel === undefined) {
        turn.again = Math.min(turn.again ?? delayMs, delayMs);
      } else if (elapsed() + delayMs < turn.dueAt) {
        turn.cancel();
        wait(key, delayMs);
      }
    },
    stop: () => {
      stopped = true;
      for (const turn of turns.values()) turn.cancel?.();
      turns.clear();
    },
  };
}

function laterByTimer(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  return () => {
    clearTimeout(timer);
  };
}
