import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { ErrorCode } from "@gpu-dev/shared/errors.ts";
import { Second } from "@gpu-dev/shared/durations.ts";
import { Refusal } from "../domain/refusal.ts";
import { createApp, type AppOptions } from "./app.ts";
import { drainOf } from "./drain.ts";
import { toProblem } from "./errorMapping.ts";
import type { Metrics } from "./metrics.ts";

export interface ServerTimeouts {
  /** For all headers to arrive. */
  readonly headersMs: number;
  /** For the whole request to arrive, body included. */
  readonly requestMs: number;
}

export interface HttpServer {
  readonly url: string;
  readonly metrics: Metrics;
  /** Ends streams, lets what is under way finish for a bounded time, then closes what is left. */
  stop(): Promise<void>;
}

export const TIMEOUTS: ServerTimeouts = { headersMs: 10 * Second.ms, requestMs: 30 * Second.ms };

export async function startHttpServer(
  options: Omit<AppOptions, "port" | "isStopping"> & {
    readonly host: string;
    readonly port: number;
    readonly timeouts?: ServerTimeouts;
  },
): Promise<HttpServer> {
  let stopping = false;
  let port = options.port;
  const app = createApp({ ...options, port: () => port, isStopping: () => stopping });
  const { headersMs, requestMs } = options.timeouts ?? TIMEOUTS;
  const handle = app.koa.callback();
  const server = createServer(
    {
      maxHeaderSize: 16_384,
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      // Slow clients are looked for this often.
      connectionsCheckingInterval: Math.min(1_000, headersMs),
      keepAliveTimeout: 30 * Second.ms,
    },
    (request, response) => void handle(request, response),
  );
  server.on("clientError", answerBadRequest);
  const drain = drainOf(server);
  server.listen(options.port, options.host);
  try {
    await once(server, "listening");
  } catch (cause) {
    app.streams.stop();
    throw explainListen(cause, options);
  }
  port = (server.address() as AddressInfo).port;
  return {
    url: `http://${options.host.includes(":") ? `[${options.host}]` : options.host}:${String(port)}`,
    metrics: app.metrics,
    async stop() {
      stopping = true;
      app.streams.stop();
      await drain();
    },
  };
}

/** What Node refuses before there is a request: bad syntax, headers too large, too slow. */
function answerBadRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const [code, detail]: [ErrorCode, string] =
    error.code === "ERR_HTTP_REQUEST_TIMEOUT"
      ? ["request_timeout", "The request did not arrive in time. Send it again at once and whole."]
      : error.code === "HPE_HEADER_OVERFLOW"
        ? ["invalid_request", "The headers are larger than 16 KiB. Send fewer or shorter ones."]
        : ["invalid_request", "This is not an HTTP request that can be read."];
  const problem = toProblem(new Refusal(code, detail), randomUUID());
  const status = error.code === "HPE_HEADER_OVERFLOW" ? 431 : problem.status;
  const body = JSON.stringify({ ...problem, status });
  socket.end(
    `HTTP/1.1 ${String(status)} ${problem.title}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${String(Buffer.byteLength(body))}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function explainListen(cause: unknown, { host, port }: { host: string; port: number }): Error {
  const code = (cause as NodeJS.ErrnoException).code;
  const where = `${host}:${String(port)}`;
  if (code === "EADDRINUSE") {
    return new Error(
      `the address ${where} is in use; stop what listens there or choose another with --port`,
      { cause },
    );
  }
  return new Error(`the server cannot listen on ${where}`, { cause });
}
