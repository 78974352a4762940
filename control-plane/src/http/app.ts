import { randomUUID } from "node:crypto";
import Koa, { type Next } from "koa";
import { createRefusalAudit } from "../operations/auditLog.ts";
import { Refusal } from "../domain/refusal.ts";
import type { Rates } from "./access.ts";
import { mapErrors } from "./errorMapping.ts";
import { createEventStreams, type EventStreams } from "./eventStreams.ts";
import type { Services } from "./handler.ts";
import { checkHost } from "./hostCheck.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { createOperationalRouter } from "./operational.ts";
import type { Context, RequestState } from "./requestState.ts";
import { createRouter, refuseUnmatched } from "./router.ts";

export interface AppOptions {
  readonly services: Services;
  readonly rates: Rates;
  readonly validateResponses: boolean;
  /** Of the server that serves it; known only once it listens. */
  readonly port: () => number;
  readonly isStopping: () => boolean;
  /** Names by which clients reach it beside loopback's. */
  readonly publicHosts: readonly string[];
}

export interface App {
  readonly koa: Koa<RequestState>;
  readonly streams: EventStreams;
  readonly metrics: Metrics;
}

/** The middleware in its order. */
export function createApp(options: AppOptions): App {
  const { services } = options;
  const { database, clock, feed, log } = services;
  const streams = createEventStreams({ feed, database, clock, log });
  const metrics = createMetrics({ database, clock, openStreams: () => streams.count() });
  const router = createRouter({ ...options, streams });
  const operational = createOperationalRouter({
    database,
    metrics,
    isStopping: options.isStopping,
  });
  const koa = new Koa<RequestState>();
  koa.on("error", (error: unknown) => {
    log.error({ err: error }, "an answer could not be sent");
  });
  koa.use(identify(services));
  koa.use(metrics.measure);
  koa.use(mapErrors(createRefusalAudit({ db: database, clock })));
  koa.use(checkHost(options.port, options.publicHosts));
  koa.use(operational.routes());
  koa.use(refuseWhileStopping(options.isStopping));
  koa.use(router.routes());
  koa.use(refuseUnmatched(router));
  return { koa, streams, metrics };
}

function identify({ log }: Services) {
  return async (ctx: Context, next: Next): Promise<void> => {
    ctx.state.requestId = randomUUID();
    ctx.state.log = log.child({ requestId: ctx.state.requestId });
    ctx.set({
      "x-request-id": ctx.state.requestId,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    });
    await next();
    const { routeId: route } = ctx.state;
    ctx.state.log.debug({ route, method: ctx.method, status: ctx.status }, "request answered");
  };
}

/** What is under way is finished; what comes now on a kept connection is sent elsewhere. */
function refuseWhileStopping(isStopping: () => boolean) {
  return async (_ctx: Context, next: Next): Promise<void> => {
    if (isStopping()) {
      throw new Refusal(
        "shutting_down",
        "The server is stopping. Send this again in a few seconds.",
        {
          headers: { "retry-after": "2", connection: "close" },
        },
      );
    }
    await next();
  };
}
