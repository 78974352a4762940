import { Gauge, Histogram } from "prom-client";
import type { Next } from "koa";
import { readStatus } from "../operations/readCapacity.ts";
import type { Database } from "../operations/unitOfWork.ts";
import type { Clock } from "../platform/clock.ts";
import type { MetricsRegistry } from "../platform/metrics.ts";
import { hasClientLeft, type Context } from "./request.ts";

export interface Metrics {
  readonly measure: (ctx: Context, next: Next) => Promise<void>;
  /** The Prometheus text format. */
  render(): Promise<string>;
}

/**
 * Labels come from closed sets: route ids, methods, classes of status, states. Never ids or names.
 */
export function createMetrics(options: {
  readonly database: Database;
  readonly clock: Clock;
  readonly openStreams: () => number;
  readonly registry: MetricsRegistry;
}): Metrics {
  const { registry } = options;
  const duration = new Histogram({
    name: "gpu_dev_http_request_duration_seconds",
    help: "Time from the request's headers to the end of the response; streams until they close. The status class of a request whose client left before the response is aborted",
    labelNames: ["route", "method", "status_class"] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5],
    registers: [registry],
  });
  new Gauge({
    name: "gpu_dev_event_streams",
    help: "Open event streams",
    registers: [registry],
    collect() {
      this.set(options.openStreams());
    },
  });
  new Gauge({
    name: "gpu_dev_reservations",
    help: "Reservations that have not ended, by state",
    labelNames: ["state"] as const,
    registers: [registry],
    async collect() {
      const { reservations } = await readStatus(options.database, options.clock.now());
      for (const [state, count] of Object.entries(reservations)) this.set({ state }, count);
    },
  });
  return {
    async measure(ctx, next) {
      const end = duration.startTimer();
      ctx.res.once("close", () => {
        end({
          route: ctx.state.routeId ?? "none",
          method: ["GET", "HEAD", "POST", "DELETE"].includes(ctx.method) ? ctx.method : "other",
          status_class: statusClassOf(ctx),
        });
      });
      await next();
    },
    render: () => registry.metrics(),
  };
}

/** A stream has no end, so its client always leaves first. */
function statusClassOf(ctx: Context): string {
  const isStream = ctx.res.getHeader("content-type") === "text/event-stream";
  if (!isStream && hasClientLeft(ctx)) return "aborted";
  return `${String(Math.floor(ctx.res.statusCode / 100))}xx`;
}
