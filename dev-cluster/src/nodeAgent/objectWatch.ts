import { isAborted, pause } from "./abortSignals.ts";
import { ApiError } from "./apiClient.ts";
import type { ApiClient, WatchEvent } from "./apiClient.ts";
import type { KubeObject } from "./kubeTypes.ts";

export interface ObjectWatchOptions<T> {
  client: ApiClient;
  /** Path of the collection, such as /api/v1/pods, without query. */
  path: string;
  /** All objects as the server has them now. Called at the start, after a lost watch and at each resync. */
  onAll: (objects: T[]) => void;
  onChange: (object: T) => void;
  onGone: (object: T) => void;
  resyncMillis: number;
  log: (line: string) => void;
}

interface List<T> {
  metadata: { resourceVersion: string };
  items: T[];
}

/** A watch that dies silently is found out by the resync; nothing depends on a single event. */
export interface ObjectWatch {
  stop(): Promise<void>;
}

const RETRY_MILLIS = [100, 500, 1_000, 2_000, 5_000] as const;

/** Lists, then watches, for ever; starts over from the list whenever the watch ends, fails or grows old. */
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
      const gone = error instanceof ApiError && error.status === 410;
      if (!gone && failures === 0) {
        options.log(`The watch of ${options.path} failed and is begun anew: ${String(error)}`);
      }
      const wait = RETRY_MILLIS[Math.min(failures, RETRY_MILLIS.length - 1)] ?? 5_000;
      failures += 1;
      await pause(wait, stopping);
    }
  }
}

async function listAndWatch<T extends KubeObject>(
  { client, path, onAll, onChange, onGone, resyncMillis }: ObjectWatchOptions<T>,
  stopping: AbortSignal,
): Promise<void> {
  const list = await client.get<List<T>>(path);
  if (stopping.aborted) return;
  onAll(list.items);
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(resyncMillis)]);
  const version = list.metadata.resourceVersion;
  const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${version}`;
  const onEvent = ({ type, object }: WatchEvent<T>): void => {
    if (stopping.aborted) return;
    if (type === "ADDED" || type === "MODIFIED") onChange(object);
    else if (type === "DELETED") onGone(object);
    else if (type === "ERROR") throw new ApiError(410, "the watch fell behind");
  };
  try {
    await client.watch(`${path}?${query}`, onEvent, signal);
  } catch (error) {
    // Its time being up is the ordinary end of a watch.
    if (!signal.aborted) throw error;
  }
}
