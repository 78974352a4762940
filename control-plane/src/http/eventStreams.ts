import type { ServerResponse } from "node:http";
import { CHANGED_EVENT, RESYNC_EVENT } from "@gpu-dev/shared/api/events.ts";
import { Second } from "@gpu-dev/shared/durations.ts";
import { parseEventCursor } from "../domain/cursors.ts";
import type { EventFeed, Subscription } from "../operations/eventFeed.ts";
import { findInvalidTokens } from "../operations/authenticate.ts";
import type { Database } from "../operations/unitOfWork.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/logger.ts";
import type { Principal } from "../domain/principal.ts";
import { Refusal } from "../domain/refusal.ts";
import type { Caller } from "./access.ts";
import { presentEvent } from "./presenters/resources.ts";
import type { Context } from "./request.ts";

const KEEP_ALIVE_MS = 15 * Second.ms;
const RETRY_MS = 2 * Second.ms;
/** Unsent bytes at which a slow client is disconnected; it reconnects with its cursor. */
const MAX_UNSENT_BYTES = 256 * 1_024;
const MAX_STREAMS_PER_USER = 2_500;

export interface EventStreams {
  /** Responds with a stream that stays open. */
  open(ctx: Context, caller: Caller): void;
  count(): number;
  /** Ends all streams; clients reconnect with their cursors. */
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
  // One timer for all streams. The comment line keeps proxies from closing them.
  const keepAlive = setInterval(() => {
    for (const { response } of streams) write(response, ":\n\n");
    void endUnauthenticated(streams, options);
  }, KEEP_ALIVE_MS);

  return {
    open(ctx, { principal }) {
      if (!principal) throw new Error("the event stream is not public");
      const own = [...streams].filter((s) => s.principal.userId === principal.userId).length;
      if (own >= MAX_STREAMS_PER_USER) {
        throw new Refusal(
          "rate_limited",
          "You have too many open event streams. Close some of them.",
          {
            headers: { "retry-after": "30" },
          },
        );
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
      clearInterval(keepAlive);
      for (const { response } of streams) response.end();
    },
  };
}

function start(
  ctx: Context,
  { response, principal }: Stream,
  { feed }: { readonly feed: EventFeed },
): Subscription {
  const last = ctx.get("last-event-id");
  response.socket?.setNoDelay(true);
  response.flushHeaders();
  write(response, `retry: ${String(RETRY_MS)}\n\n`);
  const subscription = feed.subscribe(
    principal.userId,
    last === "" ? undefined : parseEventCursor(last),
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
      changed(topics) {
        // No id: it must not move the cursor that the client reconnects with.
        write(response, `event: ${CHANGED_EVENT}\ndata: ${JSON.stringify({ what: topics })}\n\n`);
      },
    },
  );
  subscription.caughtUp.catch((error: unknown) => {
    ctx.state.log.warn({ err: error }, "stream failed to catch up; its client will reconnect");
    response.destroy();
  });
  return subscription;
}

function write(response: ServerResponse, text: string): void {
  if (response.destroyed || response.writableEnded) return;
  response.write(text);
  if (response.writableLength > MAX_UNSENT_BYTES) response.destroy();
}

/** Ends the streams whose token was revoked or has expired. */
async function endUnauthenticated(
  streams: ReadonlySet<Stream>,
  { database, clock, log }: { database: Database; clock: Clock; log: Log },
): Promise<void> {
  if (streams.size === 0) return;
  const ids = new Set([...streams].map(({ principal }) => principal.tokenId));
  try {
    const invalid = await findInvalidTokens({ db: database, clock }, [...ids]);
    for (const { response, principal } of streams) {
      if (invalid.has(principal.tokenId)) response.end();
    }
  } catch (error) {
    // An error is not a revocation: streams stay open while the database is unavailable.
    log.warn({ err: error }, "tokens of open streams not checked");
  }
}
