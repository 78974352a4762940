import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { Second } from "@gpu-dev/shared/durations.ts";
import type { Log } from "../platform/logger.ts";
import type { KubeHttp } from "./kubeHttp.ts";
import type { KubeList, KubeObject, KubeStatus } from "./kubeObjects.ts";
import { ClusterRefused } from "./port.ts";

export type Change = "added" | "modified" | "deleted";

export interface KindWatch<Item extends KubeObject, View> {
  /** The collection's path. */
  readonly path: string;
  readonly labelSelector?: string;
  readonly metadataOnly?: boolean;
  /** The part of an object that is kept. */
  viewOf(item: Item): View;
  onView(view: View, change: Change): void;
  /**
   * Receives all existing objects after each list; any other object is gone. Called before `onView`
   * is called for each of them.
   */
  onListed?(views: readonly View[]): void;
  /** False while the watch is interrupted, when the objects reported so far may be outdated. */
  onSynced?(synced: boolean): void;
  /**
   * The server responded: a page of a list, a watch that starts or ends normally, an event or a
   * bookmark.
   */
  onContact(): void;
  /**
   * All changes so far were reported. Not called when a watch starts, because the changes that it
   * missed are reported after that.
   */
  onCurrent?(): void;
}

export interface WatchTimes {
  /**
   * The server is requested to end each watch after this time; the next watch resumes at the same
   * version without a list. Bookmarks arrive only once a minute, so this is how a dead watch is
   * distinguished from a quiet one within seconds.
   */
  readonly serverSeconds: number;
  /** No event, bookmark or requested end for this long: the connection is dead. */
  readonly silenceMs: number;
  readonly minRetryMs: number;
  readonly maxRetryMs: number;
}

export const WATCH_TIMES: WatchTimes = {
  serverSeconds: 20,
  silenceMs: 25 * Second.ms,
  minRetryMs: 200,
  maxRetryMs: 30 * Second.ms,
};

const PAGE_SIZE = 500;
/** A watch that ends sooner without an event was not ended by `serverSeconds`. */
const MIN_WATCH_MS = 500;

/**
 * Lists once, then watches until stopped. Resumes at the last version, and lists again when that is
 * too old.
 */
export function watchKind<Item extends KubeObject, View>(
  { http, log, times = WATCH_TIMES }: { http: KubeHttp; log: Log; times?: WatchTimes },
  kind: KindWatch<Item, View>,
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const cursor: Cursor = { version: undefined, failures: 0 };
  const isStopped = () => stopping.signal.aborted;
  const running = (async () => {
    while (!isStopped()) {
      try {
        cursor.version ??= await list(http, kind, cursor);
        await watchOnce({ http, times, stop: stopping.signal }, kind, cursor);
      } catch (error) {
        if (isStopped()) return;
        kind.onSynced?.(false);
        if (isTooOld(error)) cursor.version = undefined;
        cursor.failures += 1;
        log.warn({ err: error, path: kind.path, failures: cursor.failures }, "watch interrupted");
        await pause(cursor.failures, times, stopping.signal);
      }
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

/**
 * The lines of a body, as they arrive. An error of the body is thrown where the lines are read. (An
 * interface of node:readline would also emit it, and an error that is emitted when no reader is
 * left would end the process.)
 */
export async function* linesOf(body: Readable): AsyncGenerator<string> {
  body.setEncoding("utf8");
  body.on("error", () => undefined);
  let rest = "";
  for await (const chunk of body) {
    const lines = `${rest}${String(chunk)}`.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

interface Cursor {
  version: string | undefined;
  failures: number;
}

async function list<Item extends KubeObject, View>(
  http: KubeHttp,
  kind: KindWatch<Item, View>,
  cursor: Cursor,
) {
  const { metadataOnly = false } = kind;
  const views: View[] = [];
  let token: string | undefined;
  for (;;) {
    const path = `${kind.path}?${parameters(kind, { limit: String(PAGE_SIZE), continue: token })}`;
    const page: KubeList<Item> = await http.call({ method: "GET", path, metadataOnly });
    kind.onContact();
    for (const item of page.items ?? []) views.push(kind.viewOf(item));
    token = page.metadata?.continue;
    if (token !== undefined && token !== "") continue;
    cursor.failures = 0;
    kind.onListed?.(views);
    kind.onCurrent?.();
    for (const view of views) kind.onView(view, "modified");
    return page.metadata?.resourceVersion ?? "";
  }
}

async function watchOnce<Item extends KubeObject, View>(
  { http, times, stop }: { http: KubeHttp; times: WatchTimes; stop: AbortSignal },
  kind: KindWatch<Item, View>,
  cursor: Cursor,
): Promise<void> {
  const silence = new AbortController();
  const abortSilentWatch = () => {
    const seconds = String(times.silenceMs / Second.ms);
    silence.abort(new Error(`no event and no bookmark for ${seconds} s`));
  };
  let timer = setTimeout(abortSilentWatch, times.silenceMs);
  try {
    const query = parameters(kind, {
      watch: "true",
      allowWatchBookmarks: "true",
      resourceVersion: cursor.version,
      timeoutSeconds: String(times.serverSeconds),
    });
    const { metadataOnly = false } = kind;
    const call = { path: `${kind.path}?${query}`, metadataOnly };
    const body = await http.stream(call, AbortSignal.any([silence.signal, stop]));
    kind.onContact();
    kind.onSynced?.(true);
    const opened = performance.now();
    const version = cursor.version;
    for await (const line of linesOf(body)) {
      clearTimeout(timer);
      timer = setTimeout(abortSilentWatch, times.silenceMs);
      handleLine(line, kind, cursor);
    }
    if (silence.signal.aborted) throw silence.signal.reason;
    if (cursor.version === version && performance.now() - opened < MIN_WATCH_MS) {
      throw new Error("the server ended the watch immediately");
    }
    cursor.failures = 0;
    kind.onContact();
    kind.onCurrent?.();
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

const CHANGES: Record<string, Change | undefined> = {
  ADDED: "added",
  MODIFIED: "modified",
  DELETED: "deleted",
};

function handleLine<Item extends KubeObject, View>(
  line: string,
  kind: KindWatch<Item, View>,
  cursor: Cursor,
): void {
  if (line.trim() === "") return;
  const event = JSON.parse(line) as { type?: string; object?: Item };
  if (event.type === "ERROR") throw watchError(event.object);
  cursor.version = event.object?.metadata?.resourceVersion ?? cursor.version;
  cursor.failures = 0;
  kind.onContact();
  kind.onCurrent?.();
  const change = CHANGES[event.type ?? ""];
  if (change && event.object) kind.onView(kind.viewOf(event.object), change);
}

function watchError(status: KubeStatus | undefined): ClusterRefused {
  const reason = status?.code === 410 ? "Gone" : (status?.reason ?? "Unknown");
  return new ClusterRefused(`the watch ended: ${status?.message ?? reason}`, reason);
}

function isTooOld(error: unknown): boolean {
  return error instanceof ClusterRefused && ["Gone", "Expired"].includes(error.reason);
}

/** Doubles each time, with jitter, so that many processes do not reconnect at the same time. */
async function pause(failures: number, times: WatchTimes, stop: AbortSignal): Promise<void> {
  const backoff = Math.min(times.maxRetryMs, times.minRetryMs * 2 ** Math.min(failures - 1, 10));
  const jittered = backoff * (0.5 + Math.random() / 2);
  await delay(jittered, undefined, { signal: stop }).catch(() => undefined);
}

function parameters(
  kind: { readonly labelSelector?: string },
  values: Record<string, string | undefined>,
): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries({ labelSelector: kind.labelSelector, ...values })) {
    if (value !== undefined) query.set(key, value);
  }
  return query.toString();
}
