import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import Koa from "koa";
import type { Database } from "../operations/unitOfWork.ts";
import type { Clock } from "../platform/clock.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { createOperationalRouter } from "./operational.ts";
import type { RequestState } from "./requestState.ts";

export interface HealthServer {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Health and figures beside the API, or of a process without one. On every address and to every name, because the
 * kubelet and Prometheus come from outside by the pod's address; it answers nothing that is anybody's.
 */
export async function startHealthServer(options: {
  readonly database: Database;
  readonly clock: Clock;
  /** Of the API in this process; a process without one has its own. */
  readonly metrics?: Metrics | undefined;
  /** 0 takes a free one. */
  readonly port: number;
}): Promise<HealthServer> {
  const { database, clock } = options;
  let stopping = false;
  const metrics = options.metrics ?? createMetrics({ database, clock, openStreams: () => 0 });
  const router = createOperationalRouter({ database, metrics, isStopping: () => stopping });
  const koa = new Koa<RequestState>();
  koa.use(async (ctx, next) => {
    try {
      await next();
    } catch {
      // Which part is away stands in the log; a probe reads the status alone.
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
