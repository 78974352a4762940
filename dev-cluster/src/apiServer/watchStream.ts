import type { ServerResponse } from "node:http";
import { timestamp, Minute, Second, type Clock } from "../platform/clock.ts";
import type { Matcher } from "../kube/selectors.ts";
import { badRequest, expired } from "../kube/statusError.ts";
import { apiVersionOf, storageKey } from "../resources/resourceType.ts";
import type { Change, ObjectStore, StoredObject } from "../store/objectStore.ts";
import { matcherOf } from "./listing.ts";
import type { RequestTarget } from "./requestTarget.ts";
import { tableOf } from "./tables.ts";

/**
 * A client whose unsent data exceeds this is cut off: it resumes from its last resource version.
 */
const MAX_UNSENT_BYTES = 16 * 1024 * 1024;

export interface WatchOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly target: RequestTarget;
  readonly query: URLSearchParams;
  readonly response: ServerResponse;
  readonly bookmarkMs: number;
  /** Whether each object is sent as a table of one row. */
  readonly asTable: boolean;
  /** Whether an injected fault silences this watch. */
  readonly isSilenced: () => boolean;
}

/** An open watch: past changes, then new ones, one JSON object per line. */
export class WatchStream {
  readonly target: RequestTarget;
  readonly #options: WatchOptions;
  readonly #matches: Matcher;
  readonly #key: string;
  readonly #bookmarks: boolean;
  readonly #timers: NodeJS.Timeout[] = [];
  #unsubscribe: () => void = () => undefined;

  /** Throws 400 for an invalid selector or resource version, before anything is sent. */
  constructor(options: WatchOptions) {
    this.#options = options;
    this.target = options.target;
    this.#matches = matcherOf(options.target, options.query);
    this.#key = storageKey(options.target.type);
    this.#bookmarks = isTrue(options.query.get("allowWatchBookmarks"));
  }

  start(): void {
    const { store, query, response, bookmarkMs } = this.#options;
    const from = startOf(query);
    const past = from === undefined ? undefined : store.changesSince(from);
    // Computed before the headers, which declare success: until here an error can still be sent.
    const first =
      from === undefined ? this.#current() : past?.map((change) => this.#line(change)).join("");
    response.writeHead(200, { "content-type": "application/json", "cache-control": "no-cache" });
    // The client waits for the headers, not for the first change.
    response.flushHeaders();
    response.on("close", () => {
      this.#release();
    });
    if (first === undefined) {
      this.endExpired(`too old resource version: ${String(from)} (${String(store.revision)})`);
      return;
    }
    this.#send(first);
    if (from === undefined && isTrue(query.get("sendInitialEvents"))) {
      this.#bookmark({ "k8s.io/initial-events-end": "true" });
    }
    this.#unsubscribe = store.subscribe((change) => {
      this.#sendChange(change);
    });
    this.#timers.push(
      setTimeout(() => {
        this.#bookmark();
        this.end();
      }, timeoutMs(query)),
      setInterval(() => {
        this.#bookmark();
      }, bookmarkMs),
    );
  }

  /** Ends the response normally, as a server does at a watch's timeout. */
  end(): void {
    this.#release();
    this.#options.response.end();
  }

  /** Cuts the connection. */
  drop(): void {
    this.#release();
    this.#options.response.destroy();
  }

  /** Tells the client to list again, with a Status of 410. */
  endExpired(message: string): void {
    this.#release();
    const object = expired(message).toStatus();
    this.#options.response.end(`${JSON.stringify({ type: "ERROR", object })}\n`);
  }

  #release(): void {
    this.#unsubscribe();
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #current(): string {
    const { store, target } = this.#options;
    const current = store.list(this.#key, target.namespace);
    const lines = current
      .filter(({ object }) => this.#matches(object))
      .map((stored) => `{"type":"ADDED","object":${this.#text(stored)}}\n`);
    return lines.join("");
  }

  /**
   * A change that cannot be sent ends the watch: its client lists again, and the writer is not
   * affected.
   */
  #sendChange(change: Change): void {
    try {
      this.#send(this.#line(change));
    } catch (error) {
      this.drop();
      throw error;
    }
  }

  /**
   * The change as this watch's selection sees it: an object that leaves is DELETED, one that enters
   * is ADDED.
   */
  #line(change: Change): string {
    if (change.resource !== this.#key) return "";
    const { type, object, previous } = change;
    const now = type !== "DELETED" && this.#matches(object);
    const before = previous !== undefined && this.#matches(previous);
    const json = this.#text(change);
    if (now) return `{"type":"${before ? "MODIFIED" : "ADDED"}","object":${json}}\n`;
    if (!before) return "";
    if (type === "DELETED") return `{"type":"DELETED","object":${json}}\n`;
    const { resourceVersion } = object.metadata;
    const removed = { ...previous, metadata: { ...previous.metadata, resourceVersion } };
    const text = this.#text({ object: removed, json: JSON.stringify(removed) });
    return `{"type":"DELETED","object":${text}}\n`;
  }

  #text({ object, json }: StoredObject): string {
    const { asTable, target, clock } = this.#options;
    return asTable ? JSON.stringify(tableOf(target.type, [object], {}, clock)) : json;
  }

  #bookmark(annotations?: Record<string, string>): void {
    if (!this.#bookmarks) return;
    const { store, target } = this.#options;
    const object = {
      kind: target.type.kind,
      apiVersion: apiVersionOf(target.type),
      metadata: {
        resourceVersion: String(store.revision),
        creationTimestamp: timestamp(this.#options.clock.now()),
        ...(annotations === undefined ? {} : { annotations }),
      },
    };
    this.#send(`${JSON.stringify({ type: "BOOKMARK", object })}\n`);
  }

  #send(text: string): void {
    const { response, isSilenced } = this.#options;
    if (text === "" || isSilenced()) return;
    response.write(text);
    if (response.writableLength > MAX_UNSENT_BYTES) this.drop();
  }
}

function isTrue(text: string | null): boolean {
  return text === "true" || text === "1";
}

/** The revision after which the watch starts; undefined to start with all objects. */
function startOf(query: URLSearchParams): number | undefined {
  const text = query.get("resourceVersion") ?? "";
  if (text === "" || text === "0" || isTrue(query.get("sendInitialEvents"))) return undefined;
  if (!/^\d+$/.test(text)) throw badRequest(`invalid resource version "${text}"`);
  return Number(text);
}

/**
 * As requested, otherwise random between 30 and 60 minutes, so that watches do not all reconnect at
 * once.
 */
function timeoutMs(query: URLSearchParams): number {
  const seconds = Number(query.get("timeoutSeconds") ?? "0");
  return seconds > 0 ? seconds * Second.ms : 30 * Minute.ms * (1 + Math.random());
}
