import type { ChangeTopic } from "@gpu-dev/shared/api/events.ts";
import { createCoalescer } from "@gpu-dev/shared/coalesce.ts";
import { addMs, Day, Second } from "@gpu-dev/shared/durations.ts";
import type { UserId } from "@gpu-dev/shared/ids.ts";
import type { Database } from "../store/database.ts";
import { isCursorKept, readEventsAfter, readNowCursor } from "../store/events.ts";
import { listenForEvents } from "../store/eventStream.ts";
import { isAfter, type EventCursor } from "../domain/cursors.ts";
import type { EventRow } from "../domain/views.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/logger.ts";
import { gatherChanges, type Changes } from "./changeHints.ts";

const POLL_MS = 2 * Second.ms;
const PAGE = 500;
/** Retention keeps every event for this long; after an older cursor there may be gaps. */
const KEPT_MS = 90 * Day.ms;

/**
 * Receives a subscriber's events. `send` must not block; a subscriber that cannot keep up cancels
 * itself.
 */
export interface EventSink {
  send(event: EventRow): void;
  /** Events after the subscriber's cursor are not kept: it must re-read everything. */
  resync(): void;
  /**
   * Something without an event changed. Not ordered with events: it may come before missed ones.
   */
  changed(topics: readonly ChangeTopic[]): void;
}

export interface Subscription {
  /** Resolves when all missed events have been sent. */
  readonly caughtUp: Promise<void>;
  cancel(): void;
}

interface Subscriber {
  readonly sink: EventSink;
  cursor: EventCursor;
  /** Events that arrive while missed ones are still being read; undefined afterwards. */
  pending: EventRow[] | undefined;
}

/** The one reader of the events table for all streams of this process. */
export interface EventFeed {
  /**
   * @param after the client's last event; undefined for "from now on"; "unknown" for an invalid
   * cursor
   */
  subscribe(
    ownerId: UserId,
    after: EventCursor | undefined | "unknown",
    sink: EventSink,
  ): Subscription;
  stop(): Promise<void>;
}

interface FeedOptions {
  readonly database: Database;
  readonly databaseUrl: string;
  readonly clock: Clock;
  readonly log: Log;
}

export async function startEventFeed(options: FeedOptions): Promise<EventFeed> {
  const { database, databaseUrl, log } = options;
  const subscribers = new Map<UserId, Set<Subscriber>>();
  /** Every event up to here was delivered to its subscribers. */
  let cursor = await readNowCursor(database);

  /** One query for all subscribers, repeated until all events are read. */
  const readNewEvents = async (): Promise<void> => {
    for (let isFull = true; isFull;) {
      const page = await readEventsAfter(database, {
        after: cursor,
        ownerId: undefined,
        limit: PAGE,
      });
      for (const event of page) {
        cursor = { xid: event.xid, id: event.id };
        for (const subscriber of subscribers.get(event.ownerId) ?? []) deliver(subscriber, event);
      }
      isFull = page.length === PAGE;
    }
  };
  const reader = createCoalescer(readNewEvents, (error) => {
    log.warn({ err: error }, "events could not be read; will poll again");
  });
  const changes = gatherChanges((gathered) => {
    notifyChanges(subscribers, gathered);
  });
  const poll = setInterval(reader.trigger, POLL_MS);
  const listener = listenForEvents({
    databaseUrl,
    onEvent: reader.trigger,
    onChange: (hint) => {
      changes.add(hint);
    },
    onError: (error) => {
      log.warn({ err: error }, "event listener disconnected; polling continues");
    },
  });

  return {
    subscribe: (ownerId, after, sink) =>
      subscribe({ ...options, subscribers, readCursor: () => cursor }, { ownerId, after, sink }),
    stop: async () => {
      clearInterval(poll);
      await listener.stop();
      changes.stop();
      await reader.stop();
    },
  };
}

interface FeedState extends FeedOptions {
  readonly subscribers: Map<UserId, Set<Subscriber>>;
  /** The position up to which events were delivered. */
  readonly readCursor: () => EventCursor;
}

function subscribe(
  feed: FeedState,
  {
    ownerId,
    after,
    sink,
  }: { ownerId: UserId; after: EventCursor | undefined | "unknown"; sink: EventSink },
): Subscription {
  const isFromNow = after === undefined || after === "unknown";
  const subscriber: Subscriber = {
    sink,
    cursor: isFromNow ? feed.readCursor() : after,
    pending: isFromNow ? undefined : [],
  };
  const group = feed.subscribers.get(ownerId) ?? new Set();
  feed.subscribers.set(ownerId, group.add(subscriber));
  if (after === "unknown") sink.resync();
  return {
    caughtUp: isFromNow ? Promise.resolve() : catchUp(feed, ownerId, subscriber),
    cancel: () => {
      group.delete(subscriber);
      if (group.size === 0 && feed.subscribers.get(ownerId) === group) {
        feed.subscribers.delete(ownerId);
      }
    },
  };
}

function notifyChanges(
  subscribersByOwner: ReadonlyMap<UserId, ReadonlySet<Subscriber>>,
  { availability, waiting }: Changes,
): void {
  for (const [ownerId, subscribers] of subscribersByOwner) {
    const topics: ChangeTopic[] = availability ? ["availability"] : [];
    if (waiting === "everybody" || waiting.has(ownerId)) topics.push("waiting");
    if (topics.length === 0) continue;
    for (const { sink } of subscribers) sink.changed(topics);
  }
}

/**
 * Sends the events that the subscriber missed. Events that arrive meanwhile are kept in `pending`,
 * so there is no gap; an event that is in both is sent once, by its cursor.
 */
async function catchUp(
  { database, clock, readCursor }: FeedState,
  ownerId: UserId,
  subscriber: Subscriber,
): Promise<void> {
  const keptSince = addMs(clock.now(), -KEPT_MS);
  const isKept = await isCursorKept(database, subscriber.cursor, keptSince);
  if (!isKept) {
    subscriber.cursor = readCursor();
    subscriber.sink.resync();
  }
  for (let isFull = isKept; isFull;) {
    const { cursor: after } = subscriber;
    const page = await readEventsAfter(database, { after, ownerId, limit: PAGE });
    for (const event of page) {
      subscriber.cursor = event;
      subscriber.sink.send(event);
    }
    isFull = page.length === PAGE;
  }
  const { pending = [] } = subscriber;
  subscriber.pending = undefined;
  for (const event of pending) deliver(subscriber, event);
}

function deliver(subscriber: Subscriber, event: EventRow): void {
  if (subscriber.pending) {
    subscriber.pending.push(event);
  } else if (isAfter(event, subscriber.cursor)) {
    subscriber.cursor = event;
    subscriber.sink.send(event);
  }
}
