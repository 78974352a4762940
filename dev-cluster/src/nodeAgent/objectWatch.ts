import { Second } from "../platform/clock.ts";
import { isAborted, pause } from "../platform/abortSignals.ts";
import { ApiError, type ApiClient, type WatchEvent } from "./apiClient.ts";
import type { KubeObject } from "./kubeTypes.ts";

export interface ObjectWatchOptions<T> {
  readonly client: ApiClient;
  /** Path of the collection, such as /api/v1/pods, without a query. */
  readonly path: string;
  /** All current objects. Called at the start, after a lost watch and at each resync. */
  readonly onAll: (objects: T[]) => void;
  readonly onChange: (object: T) => void;
  readonly onDelete: (object: T) => void;
  readonly resyncMs: number;
  readonly log: (line: string) => void;
}

interface List<T> {
  readonly metadata: { resourceVersion: string };
  readonly items: T[];
}

/** The resync detects a watch that dies silently; nothing depends on a single event. */
export interface ObjectWatch {
  stop(): Promise<void>;
}

const MAX_RETRY_MS = 5 * Second.ms;
const RETRY_MS = [100, 500, Second.ms, 2 * Second.ms, MAX_RETRY_MS];

/** Lists, then watches, until stopped; lists again whenever the watch ends, fails or expires. */
export function startObjectWatch<T extends KubeObject>(
  options: ObjectWatchOptions<T>,
): ObjectWatch {
  const stopping = new AbortController();
  const done = run(options, stopping.signal);
  return {
    stop: async () => {
      stopping.abort();
      await done;
    },
  };
}

async function run<T extends KubeObject>(
  options: ObjectWatchOptions<T>,
  stopping: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!stopping.aborted) {
    try {
      await listAndWatch(options, stopping);
      failures = 0;
    } catch (error) {
      if (isAborted(stopping)) return;
      const isExpired = error instanceof ApiError && error.status === 410;
      if (!isExpired && failures === 0) {
        options.log(`The watch of ${options.path} failed; retrying: ${String(error)}`);
      }
      const wait = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? MAX_RETRY_MS;
      failures += 1;
      await pause(wait, stopping);
    }
  }
}

async function listAndWatch<T extends KubeObject>(
  { client, path, onAll, onChange, onDelete, resyncMs }: ObjectWatchOptions<T>,
  stopping: AbortSignal,
): Promise<void> {
  const list = await client.get<List<T>>(path);
  if (stopping.aborted) return;
  onAll(list.items);
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(resyncMs)]);
  const version = list.metadata.resourceVersion;
  const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${version}`;
  const onEvent = ({ type, object }: WatchEvent<T>): void => {
    if (stopping.aborted) return;
    if (type === "ADDED" || type === "MODIFIED") onChange(object);
    else if (type === "DELETED") onDelete(object);
    else if (type === "ERROR") throw new ApiError(410, "the watch fell behind");
  };
  try {
    await client.watch(`${path}?${query}`, onEvent, signal);
  } catch (error) {
    // The resync timeout is the ordinary end of a watch.
    if (!signal.aborted) throw error;
  }
}
