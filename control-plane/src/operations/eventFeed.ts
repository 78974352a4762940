import type { ChangeTopic } from "@gpu-dev/shared/api/events.ts";
import type { UserId } from "@gpu-dev/shared/ids.ts";
import { Day, Second } from "@gpu-dev/shared/durations.ts";
import type { Database } from "../store/database.ts";
import { listenForEvents } from "../store/eventStream.ts";
import {
  isCursorKept,
  readEventsAfter,
  readNowCursor,
  type EventCursor,
  type EventRow,
} from "../store/timeline.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/logger.ts";
import { gatherChanges, type Changes } from "./changeHints.ts";
import { isAfter } from "./eventCursor.ts";

const POLL_MS = 2 * Second.ms;
const PAGE = 500;
/** Retention keeps every event for this long; behind an older cursor there may be gaps. */
const KEPT_MS = 90 * Day.ms;

/** Where events go. `send` must not block; a subscriber that cannot take more ends itself. */
export interface EventSink {
  send(event: EventRow): void;
  /** What lies behind the subscriber's cursor is not kept: it must read everything anew. */
  resync(): void;
  /** Something changed that has no event and no place in their order: it may come before what is missed. */
  changed(what: readonly ChangeTopic[]): void;
}

export interface Subscription {
  /** Resolves when everything that was missed has been sent. */
  readonly caughtUp: Promise<void>;
  cancel(): void;
}

interface Subscriber {
  readonly sink: EventSink;
  cursor: EventCursor;
  /** What came while the past was still being read; undefined when live. */
  pending: EventRow[] | undefined;
}

/** One reader of the events table for all streams of this process. */
export interface EventFeed {
  /** @param after where the client left off; null for "from now on"; "unknown" for a cursor that cannot be read */
  subscribe(ownerId: UserId, after: EventCursor | null | "unknown", sink: EventSink): Subscription;
  stop(): Promise<void>;
}

export async function startEventFeed(options: {
  readonly database: Database;
  readonly databaseUrl: string;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<EventFeed> {
  const feed = new DatabaseFeed(options, await readNowCursor(options.database));
  feed.start(options.databaseUrl);
  return feed;
}

class DatabaseFeed implements EventFeed {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #owners = new Map<UserId, Set<Subscriber>>();
  /** Everything up to here was handed to the subscribers. */
  #cursor: EventCursor;
  #running: Promise<void> | undefined;
  #again = false;
  #poll: NodeJS.Timeout | undefined;
  #listener: { stop(): Promise<void> } | undefined;
  readonly #changes = gatherChanges((changes) => {
    this.#tellChanges(changes);
  });

  constructor(
    { database, clock, log }: { database: Database; clock: Clock; log: Log },
    cursor: EventCursor,
  ) {
    this.#database = database;
    this.#clock = clock;
    this.#log = log;
    this.#cursor = cursor;
  }

  start(databaseUrl: string): void {
    this.#poll = setInterval(() => {
      this.#wake();
    }, POLL_MS);
    this.#listener = listenForEvents({
      databaseUrl,
      onHint: () => {
        this.#wake();
      },
      onChange: (hint) => {
        this.#changes.add(hint);
      },
      onError: (error) => {
        this.#log.warn({ err: error }, "the event listener lost its connection; polling goes on");
      },
    });
  }

  subscribe(ownerId: UserId, after: EventCursor | null | "unknown", sink: EventSink): Subscription {
    const fromNow = after === null || after === "unknown";
    const subscriber: Subscriber = {
      sink,
      cursor: fromNow ? this.#cursor : after,
      pending: fromNow ? undefined : [],
    };
    const group = this.#owners.get(ownerId) ?? new Set();
    this.#owners.set(ownerId, group.add(subscriber));
    if (after === "unknown") sink.resync();
    return {
      caughtUp: fromNow ? Promise.resolve() : this.#catchUp(ownerId, subscriber),
      cancel: () => {
        group.delete(subscriber);
        if (group.size === 0 && this.#owners.get(ownerId) === group) this.#owners.delete(ownerId);
      },
    };
  }

  async stop(): Promise<void> {
    clearInterval(this.#poll);
    await this.#listener?.stop();
    this.#changes.stop();
    this.#again = false;
    await this.#running;
  }

  /** Hints that come while a read is under way make one more read, not many. */
  #wake(): void {
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = this.#readOn()
      .catch((error: unknown) => {
        this.#log.warn({ err: error }, "events could not be read; the next look comes by itself");
      })
      .finally(() => {
        this.#running = undefined;
        if (!this.#again) return;
        this.#again = false;
        this.#wake();
      });
  }

  #tellChanges({ availability, waiting }: Changes): void {
    for (const [ownerId, subscribers] of this.#owners) {
      const what: ChangeTopic[] = availability ? ["availability"] : [];
      if (waiting === "everybody" || waiting.has(ownerId)) what.push("waiting");
      if (what.length === 0) continue;
      for (const { sink } of subscribers) sink.changed(what);
    }
  }

  /** One query for all subscribers, as long as there is more. */
  async #readOn(): Promise<void> {
    for (let full = true; full;) {
      const found = await readEventsAfter(this.#database, {
        after: this.#cursor,
        ownerId: null,
        limit: PAGE,
      });
      for (const event of found) {
        this.#cursor = { xid: event.xid, id: event.id };
        for (const subscriber of this.#owners.get(event.ownerId) ?? []) deliver(subscriber, event);
      }
      full = found.length === PAGE;
    }
  }

  /**
   * Reads what the subscriber missed. What comes meanwhile waits in `pending`, so that there is no gap between
   * the two; what both had is told once, by its cursor.
   */
  async #catchUp(ownerId: UserId, subscriber: Subscriber): Promise<void> {
    const keptSince = new Date(this.#clock.now().getTime() - KEPT_MS);
    const kept = await isCursorKept(this.#database, subscriber.cursor, keptSince);
    if (!kept) {
      subscriber.cursor = this.#cursor;
      subscriber.sink.resync();
    }
    for (let full = kept; full;) {
      const { cursor: after } = subscriber;
      const page = await readEventsAfter(this.#database, { after, ownerId, limit: PAGE });
      for (const event of page) {
        subscriber.cursor = event;
        subscriber.sink.send(event);
      }
      full = page.length === PAGE;
    }
    const { pending = [] } = subscriber;
    subscriber.pending = undefined;
    for (const event of pending) deliver(subscriber, event);
  }
}

function deliver(subscriber: Subscriber, event: EventRow): void {
  if (subscriber.pending) {
    subscriber.pending.push(event);
  } else if (isAfter(event, subscriber.cursor)) {
    subscriber.cursor = event;
    subscriber.sink.send(event);
  }
}
