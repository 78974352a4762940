import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "../platform/logger.ts";
import type { KubeHttp } from "./kubeHttp.ts";
import type { KubeList, KubeObject, KubeStatus } from "./kubeObjects.ts";
import { linesOf } from "./lines.ts";
import { ClusterRefused } from "./port.ts";

export type Change = "added" | "modified" | "deleted";

export interface KindWatch<Item extends KubeObject, View> {
  /** The collection's path. */
  readonly path: string;
  readonly labelSelector?: string;
  readonly metadataOnly?: boolean;
  /** What of an object is kept; the rest of it is let go at once. */
  viewOf(item: Item): View;
  onView(view: View, change: Change): void;
  /** Everything that there is, after each list: what is not among it is gone. Comes before `onView` tells of each. */
  onListed?(views: readonly View[]): void;
  /** Whether what was told so far is followed up by the server, or may be old by now. */
  onFollowing?(following: boolean): void;
  /** The server answered: a page of a list, a watch that begins or ends in order, an event or a bookmark. */
  onContact(): void;
  /** All that had happened was told: not as a watch begins, since what it missed comes after that. */
  onCurrent?(): void;
}

export interface WatchTimes {
  /**
   * The server is asked to end a watch after this long; the next one goes on where it was, and lists nothing. Bookmarks
   * come once a minute only, so that this is what tells a quiet watch from a dead one soon.
   */
  readonly serverSeconds: number;
  /** Neither event nor bookmark nor that end for this long: the connection is dead without saying so. */
  readonly silenceMs: number;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

export const WATCH_TIMES: WatchTimes = {
  serverSeconds: 20,
  silenceMs: 25_000,
  firstPauseMs: 200,
  longestPauseMs: 30_000,
};

const PAGE = 500;
/** An end that comes sooner, with nothing said, was not the one asked for. */
const TOO_SOON_MS = 500;

/** Lists once, then follows changes until stopped: resumes where it was, lists again when that is too old. */
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
        await follow({ http, times, stop: stopping.signal }, kind, cursor);
      } catch (error) {
        if (isStopped()) return;
        kind.onFollowing?.(false);
        if (tooOld(error)) cursor.version = undefined;
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
    const path = `${kind.path}?${parameters(kind, { limit: String(PAGE), continue: token })}`;
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

async function follow<Item extends KubeObject, View>(
  { http, times, stop }: { http: KubeHttp; times: WatchTimes; stop: AbortSignal },
  kind: KindWatch<Item, View>,
  cursor: Cursor,
): Promise<void> {
  const silence = new AbortController();
  const bark = () => {
    silence.abort(new Error(`no event and no bookmark for ${String(times.silenceMs / 1_000)} s`));
  };
  let timer = setTimeout(bark, times.silenceMs);
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
    kind.onFollowing?.(true);
    const opened = performance.now();
    const version = cursor.version;
    for await (const line of linesOf(body)) {
      clearTimeout(timer);
      timer = setTimeout(bark, times.silenceMs);
      take(line, kind, cursor);
    }
    if (silence.signal.aborted) throw silence.signal.reason;
    if (cursor.version === version && performance.now() - opened < TOO_SOON_MS) {
      throw new Error("the server ended the watch at once");
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

function take<Item extends KubeObject, View>(
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

function tooOld(error: unknown): boolean {
  return error instanceof ClusterRefused && ["Gone", "Expired"].includes(error.reason);
}

/** Doubles each time, with jitter, so that many processes do not come back at once. */
async function pause(failures: number, times: WatchTimes, stop: AbortSignal): Promise<void> {
  const longest = Math.min(
    times.longestPauseMs,
    times.firstPauseMs * 2 ** Math.min(failures - 1, 10),
  );
  await delay(longest * (0.5 + Math.random() / 2), undefined, { signal: stop }).catch(
    () => undefined,
  );
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
