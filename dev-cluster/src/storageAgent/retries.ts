import type { KubeObject } from "../nodeAgent/kubeTypes.ts";
import { pause } from "../platform/abortSignals.ts";
import { createCoalescer, type Coalescer } from "../platform/coalesce.ts";
import { Second } from "../platform/clock.ts";

/** Attempts at objects, repeated until they succeed. See `createRetries`. */
export interface Retries<T extends KubeObject> {
  /** Requests an attempt at this version of the object. */
  add(object: T): void;
  /** Drops a deleted object: no further attempt starts. */
  forget(object: T): void;
  /** Drops every object that is not in the list. */
  keepOnly(objects: readonly T[]): void;
  /** Resolves when no attempt runs; none starts afterwards. */
  stop(): Promise<void>;
}

export interface RetryOptions<T extends KubeObject> {
  readonly attempt: (object: T) => Promise<void>;
  readonly log: (line: string) => void;
}

interface Entry<T extends KubeObject> {
  /** The newest version; undefined once the object is deleted. */
  object: T | undefined;
  backOffMs: number;
  readonly attempts: Coalescer;
}

const FIRST_BACK_OFF_MS = 200;
const MAX_BACK_OFF_MS = 30 * Second.ms;

/**
 * Processes the newest version of each object, one attempt at a time per object. A failed attempt
 * is repeated with a delay that doubles up to 30 seconds.
 */
export function createRetries<T extends KubeObject>(options: RetryOptions<T>): Retries<T> {
  const entries = new Map<string, Entry<T>>();
  const stopping = new AbortController();

  const entryOf = (uid: string): Entry<T> => {
    const existing = entries.get(uid);
    if (existing !== undefined) return existing;
    const created: Entry<T> = {
      object: undefined,
      backOffMs: FIRST_BACK_OFF_MS,
      attempts: createCoalescer(() => attemptNewest(created, options, stopping.signal)),
    };
    entries.set(uid, created);
    return created;
  };

  const drop = async (uid: string): Promise<void> => {
    const entry = entries.get(uid);
    if (entry === undefined) return;
    entry.object = undefined;
    // Until then the entry stays, so that attempts at a returning object do not overlap.
    await entry.attempts.settled();
    if (isDropped(entry) && entries.get(uid) === entry) entries.delete(uid);
  };

  return {
    add: (object) => {
      const entry = entryOf(object.metadata.uid);
      entry.object = object;
      entry.attempts.trigger();
    },
    forget: (object) => {
      void drop(object.metadata.uid);
    },
    keepOnly: (objects) => {
      const uids = new Set(objects.map(({ metadata }) => metadata.uid));
      for (const uid of entries.keys()) if (!uids.has(uid)) void drop(uid);
    },
    stop: async () => {
      stopping.abort();
      await Promise.all([...entries.values()].map(({ attempts }) => attempts.stop()));
    },
  };
}

async function attemptNewest<T extends KubeObject>(
  entry: Entry<T>,
  { attempt, log }: RetryOptions<T>,
  stopping: AbortSignal,
): Promise<void> {
  const { object } = entry;
  if (object === undefined || stopping.aborted) return;
  try {
    await attempt(object);
    entry.backOffMs = FIRST_BACK_OFF_MS;
  } catch (error) {
    log(`${object.metadata.name} failed; retrying: ${String(error)}`);
    await pause(entry.backOffMs, stopping);
    entry.backOffMs = Math.min(entry.backOffMs * 2, MAX_BACK_OFF_MS);
    entry.attempts.trigger();
  }
}

/** A function, because the compiler assumes that the property does not change during an await. */
function isDropped<T extends KubeObject>({ object }: Entry<T>): boolean {
  return object === undefined;
}
