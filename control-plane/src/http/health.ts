import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import Router from "@koa/router";
import Koa from "koa";
import { Refusal } from "../domain/refusal.ts";
import { pingDatabase } from "../operations/readCapacity.ts";
import type { Database } from "../operations/unitOfWork.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/logger.ts";
import type { MetricsRegistry } from "../platform/metrics.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import type { RequestState } from "./request.ts";

const OPENAPI_FILE = new URL("../../../openapi.json", import.meta.url);

export interface HealthServer {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Endpoints that monitor and describe the server. They need no sign-in and are not part of the
 * versioned API.
 */
export function createOperationalRouter(options: {
  readonly database: Database;
  readonly metrics: Metrics;
  readonly isStopping: () => boolean;
}): Router<RequestState> {
  const router = new Router<RequestState>();
  router.get("/healthz", (ctx) => {
    ctx.body = { status: "ok" };
  });
  router.get("/readyz", async (ctx) => {
    if (options.isStopping()) {
      throw new Refusal("shutting_down", "The server is stopping. Try again in a few seconds.", {
        headers: { "retry-after": "2" },
      });
    }
    await pingDatabase(options.database);
    ctx.body = { status: "ready" };
  });
  router.get("/metrics", async (ctx) => {
    ctx.type = "text/plain; version=0.0.4; charset=utf-8";
    ctx.body = await options.metrics.render();
  });
  router.get("/openapi.json", async (ctx) => {
    // The committed file. A test compares it with the route table, so the generator is not loaded
    // here.
    ctx.type = "application/json";
    ctx.body = await readFile(OPENAPI_FILE, "utf8");
  });
  return router;
}

/**
 * Serves health and metrics on a port of their own, also for a process without an API. It listens
 * on every address and accepts every Host, because the kubelet and Prometheus use the pod's
 * address. It serves no user data.
 */
export async function startHealthServer(options: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** The metrics of the API in this process; a process without an API collects its own. */
  readonly metrics?: Metrics | undefined;
  readonly registry: MetricsRegistry;
  /** 0 takes a free port. */
  readonly port: number;
}): Promise<HealthServer> {
  const { database, clock } = options;
  let stopping = false;
  const metrics =
    options.metrics ??
    createMetrics({ database, clock, registry: options.registry, openStreams: () => 0 });
  const router = createOperationalRouter({ database, metrics, isStopping: () => stopping });
  const koa = new Koa<RequestState>();
  koa.use(async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      // A probe reads only the status; the log names the reason.
      if (!stopping) options.log.warn({ err: error, path: ctx.path }, "health check failed");
      ctx.status = 503;
      ctx.body = { status: "not ready" };
    }
  });
  koa.use(router.routes());
  const handle = koa.callback();
  const server = createServer((request, response) => void handle(request, response));
  server.listen(options.port);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      stopping = true;
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
