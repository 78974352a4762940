import type { ServerResponse } from "node:http";
import { CHANGED_EVENT, RESYNC_EVENT } from "@gpu-dev/shared/api/events.ts";
import { Second } from "@gpu-dev/shared/durations.ts";
import { parseEventCursor } from "../operations/eventCursor.ts";
import type { EventFeed, Subscription } from "../operations/eventFeed.ts";

import { findDeadTokens } from "../operations/authenticate.ts";
import type { Database } from "../operations/unitOfWork.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/logger.ts";
import type { Principal } from "../domain/principal.ts";
import { Refusal } from "../domain/refusal.ts";
import type { Caller } from "./access.ts";
import { presentEvent } from "./presenters/event.ts";
import type { Context } from "./requestState.ts";

const KEEP_ALIVE_MS = 15 * Second.ms;
const RETRY_MS = 2_000;
/** Bytes that may wait for a slow client; then it is cut, and comes back with its cursor. */
const MAXIMUM_WAITING_BYTES = 256 * 1_024;
const MAXIMUM_PER_USER = 2_500;

export interface EventStreams {
  /** Answers the request with a stream that stays open. */
  open(ctx: Context, caller: Caller): void;
  count(): number;
  /** Ends all streams; clients come back with their cursors. */
  stop(): void;
}

interface Stream {
  readonly response: ServerResponse;
  readonly principal: Principal;
}

export function createEventStreams(options: {
  readonly feed: EventFeed;
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
}): EventStreams {
  const streams = new Set<Stream>();
  // One timer for all: a beat keeps proxies from cutting the stream, and ends those whose token is no good.
  const beat = setInterval(() => {
    for (const { response } of streams) write(response, ":\n\n");
    void endDead(streams, options);
  }, KEEP_ALIVE_MS);

  return {
    open(ctx, { principal }) {
      if (!principal) throw new Error("the event stream is not public");
      const mine = [...streams].filter((s) => s.principal.userId === principal.userId).length;
      if (mine >= MAXIMUM_PER_USER) {
        throw new Refusal("rate_limited", "You have too many event streams open. Close some.", {
          headers: { "retry-after": "30" },
        });
      }
      ctx.set({ "content-type": "text/event-stream", "x-accel-buffering": "no" });
      ctx.status = 200;
      if (ctx.method === "HEAD") return;
      ctx.respond = false;
      const stream = { response: ctx.res, principal };
      streams.add(stream);
      const subscription = start(ctx, stream, options);
      ctx.res.on("close", () => {
        subscription.cancel();
        streams.delete(stream);
      });
    },
    count: () => streams.size,
    stop() {
      clearInterval(beat);
      for (const { response } of streams) response.end();
    },
  };
}

function start(
  ctx: Context,
  { response, principal }: Stream,
  { feed }: { readonly feed: EventFeed },
): Subscription {
  const query = typeof ctx.query["after"] === "string" ? ctx.query["after"] : undefined;
  const last = ctx.get("last-event-id") || query;
  response.socket?.setNoDelay(true);
  response.flushHeaders();
  write(response, `retry: ${String(RETRY_MS)}\n\n`);
  const subscription = feed.subscribe(
    principal.userId,
    last === undefined ? null : parseEventCursor(last),
    {
      send(row) {
        const shown = presentEvent(row);
        write(
          response,
          `id: ${shown.id}\nevent: ${shown.type}\ndata: ${JSON.stringify(shown)}\n\n`,
        );
      },
      resync() {
        write(response, `event: ${RESYNC_EVENT}\ndata: {}\n\n`);
      },
      changed(what) {
        // No id: it must not move the place that the client comes back to.
        write(response, `event: ${CHANGED_EVENT}\ndata: ${JSON.stringify({ what })}\n\n`);
      },
    },
  );
  subscription.caughtUp.catch((error: unknown) => {
    ctx.state.log.warn({ err: error }, "a stream could not catch up; its client comes back");
    response.destroy();
  });
  return subscription;
}

function write(response: ServerResponse, text: string): void {
  if (response.destroyed || response.writableEnded) return;
  response.write(text);
  if (response.writableLength > MAXIMUM_WAITING_BYTES) response.destroy();
}

async function endDead(
  streams: ReadonlySet<Stream>,
  { database, clock, log }: { database: Database; clock: Clock; log: Log },
): Promise<void> {
  if (streams.size === 0) return;
  const ids = new Set([...streams].map(({ principal }) => principal.tokenId));
  try {
    const dead = await findDeadTokens(database, [...ids], clock.now());
    for (const { response, principal } of streams) {
      if (dead.includes(principal.tokenId)) response.end();
    }
  } catch (error) {
    // Error is not absence: while the database is away, streams stay.
    log.warn({ err: error }, "the tokens of open streams could not be checked");
  }
}
