import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ErrorCode } from "@gpu-dev/shared/errors.ts";
import { Second } from "@gpu-dev/shared/durations.ts";
import { Refusal } from "../domain/refusal.ts";
import { createApp, type AppOptions } from "./app.ts";
import { toProblem } from "./errorMapping.ts";
import type { Metrics } from "./metrics.ts";

const DRAIN_TIMEOUT_MS = 10 * Second.ms;
const IDLE_CHECK_MS = 50;
const MAX_HEADER_BYTES = 16_384;

export interface ServerTimeouts {
  /** Until all headers have arrived. */
  readonly headersMs: number;
  /** Until the whole request has arrived, including its body. */
  readonly requestMs: number;
}

export interface HttpServer {
  readonly url: string;
  readonly metrics: Metrics;
  /**
   * Ends the event streams, lets running requests finish for a bounded time, then closes the rest.
   */
  stop(): Promise<void>;
}

const TIMEOUTS: ServerTimeouts = { headersMs: 10 * Second.ms, requestMs: 30 * Second.ms };

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
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      // How often Node checks both timeouts.
      connectionsCheckingInterval: Math.min(Second.ms, headersMs),
      keepAliveTimeout: 30 * Second.ms,
    },
    (request, response) => void handle(request, response),
  );
  server.on("clientError", respondToBadRequest);
  const drain = trackConnections(server);
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

/**
 * Responds to what Node refuses before a request exists: invalid syntax, oversized headers, slow
 * clients.
 */
function respondToBadRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const [code, detail]: [ErrorCode, string] =
    error.code === "ERR_HTTP_REQUEST_TIMEOUT"
      ? ["request_timeout", "The request did not arrive in time. Send it again without pauses."]
      : error.code === "HPE_HEADER_OVERFLOW"
        ? ["headers_too_large", "The headers are larger than 16 KiB. Send fewer or shorter ones."]
        : ["invalid_request", "This is not a valid HTTP request."];
  const problem = toProblem(new Refusal(code, detail), randomUUID());
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${String(problem.status)} ${problem.title}`,
    "Content-Type: application/problem+json",
    `Content-Length: ${String(Buffer.byteLength(body))}`,
    `X-Request-Id: ${problem.requestId}`,
    "Cache-Control: no-store",
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

function explainListen(cause: unknown, { host, port }: { host: string; port: number }): Error {
  const code = (cause as NodeJS.ErrnoException).code;
  const where = `${host}:${String(port)}`;
  if (code === "EADDRINUSE") {
    return new Error(
      `the address ${where} is in use; stop the process that listens there or choose another port with --port`,
      { cause },
    );
  }
  return new Error(`the server cannot listen on ${where}`, { cause });
}

/**
 * Tracks the server's connections; call it before the server listens. Returns a function that stops
 * the server: new connections are refused, existing ones close when they become idle, and after a
 * timeout the rest are closed.
 */
function trackConnections(server: Server): () => Promise<void> {
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  // Clients open spare connections, and Node counts one without a request as busy (nodejs/node
  // issue 63452).
  const closeIdle = () => {
    server.closeIdleConnections();
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
  };
  return async () => {
    const closed = new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
    closeIdle();
    const deadline = setTimeout(() => {
      server.closeAllConnections();
    }, DRAIN_TIMEOUT_MS);
    // A kept-alive connection becomes idle when its request ends.
    const timer = setInterval(closeIdle, IDLE_CHECK_MS);
    await closed;
    clearTimeout(deadline);
    clearInterval(timer);
  };
}
