import { randomUUID } from "node:crypto";
import Koa, { type Next } from "koa";
import { createRefusalAudit } from "../operations/auditLog.ts";
import { Refusal } from "../domain/refusal.ts";
import { checkHost, type Rates } from "./access.ts";
import { mapErrors } from "./errorMapping.ts";
import { createEventStreams, type EventStreams } from "./eventStreams.ts";
import type { MetricsRegistry } from "../platform/metrics.ts";
import type { Services } from "./handler.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { createOperationalRouter } from "./health.ts";
import { hasClientLeft, type Context, type RequestState } from "./request.ts";
import { createRouter, refuseUnmatched } from "./router.ts";

export interface AppOptions {
  readonly services: Services;
  readonly rates: Rates;
  readonly validateResponses: boolean;
  /** Database connections of this process, which callers share. */
  readonly poolSize: number;
  /** The port of the HTTP server, known only once it listens. */
  readonly port: () => number;
  readonly isStopping: () => boolean;
  /** Host names that clients use besides loopback. */
  readonly publicHosts: readonly string[];
  readonly registry: MetricsRegistry;
}

export interface App {
  readonly koa: Koa<RequestState>;
  readonly streams: EventStreams;
  readonly metrics: Metrics;
}

/** Builds the application: all middleware, in order. */
export function createApp(options: AppOptions): App {
  const { services } = options;
  const { database, clock, feed, log } = services;
  const streams = createEventStreams({ feed, database, clock, log });
  const { registry } = options;
  const metrics = createMetrics({ database, clock, registry, openStreams: () => streams.count() });
  const router = createRouter({ ...options, streams });
  const operational = createOperationalRouter({
    database,
    metrics,
    isStopping: options.isStopping,
  });
  const koa = new Koa<RequestState>();
  koa.on("error", (error: unknown, ctx?: Context) => {
    if (ctx && hasClientLeft(ctx)) ctx.state.log.debug({ err: error }, "client disconnected");
    else log.error({ err: error }, "response not sent");
  });
  koa.use(identify(services));
  koa.use(metrics.measure);
  koa.use(mapErrors(createRefusalAudit({ db: database, clock })));
  koa.use(checkTarget);
  koa.use(checkHost(options.port, options.publicHosts));
  koa.use(operational.routes());
  koa.use(refuseWhileStopping(options.isStopping));
  koa.use(router.routes());
  koa.use(refuseUnmatched([operational, router]));
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
    ctx.state.log.debug({ route, method: ctx.method, status: ctx.status }, "request finished");
  };
}

/**
 * A target is a path or a URL. koa fails to parse others, so what runs before this reads neither
 * path nor query.
 */
async function checkTarget(ctx: Context, next: Next): Promise<void> {
  const { url = "" } = ctx.req;
  if (!url.startsWith("/") && URL.parse(url) === null) {
    throw new Refusal("invalid_request", "The target of this request is not a valid URL.");
  }
  await next();
}

/**
 * Running requests finish; new requests on kept-alive connections are refused, so that clients
 * reconnect.
 */
function refuseWhileStopping(isStopping: () => boolean) {
  return async (_ctx: Context, next: Next): Promise<void> => {
    if (isStopping()) {
      throw new Refusal(
        "shutting_down",
        "The server is stopping. Send the request again in a few seconds.",
        {
          headers: { "retry-after": "2", connection: "close" },
        },
      );
    }
    await next();
  };
}
