import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { handleFaults, type Faults } from "../faults/faultEndpoint.ts";
import type { RequestEffect, RequestFacts } from "../faults/requestFault.ts";
import type { ObjectOperations } from "../objects/objectOperations.ts";
import { badRequest, expired, noSuchPath, StatusError } from "../kube/statusError.ts";
import { authenticate, refuseBrowsers } from "./authentication.ts";
import { discover } from "./discovery.ts";
import type { LogSource } from "./podLogs.ts";
import { describeApi } from "./openApi.ts";
import { createOpenWatches, type OpenWatches } from "./openWatches.ts";
import { Second } from "../platform/clock.ts";
import { readBody } from "./requestBody.ts";
import { parseTarget } from "./requestTarget.ts";
import { handleResource, verbOf } from "./resourceRequests.ts";
import { sendError, sendJson, sendText } from "./responses.ts";
import { wantsTable } from "./tables.ts";
import { WatchStream } from "./watchStream.ts";

export interface ApiServerOptions {
  readonly operations: ObjectOperations;
  readonly faults: Faults;
  /** PEM. */
  readonly certificate: { cert: string; key: string };
  readonly token: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly bookmarkMs: number;
}

const HEALTH = new Set(["/healthz", "/livez", "/readyz"]);

/**
 * The HTTPS server: authenticates, routes, injects faults and responds. Listens on loopback only.
 */
export class ApiServer {
  /** The source of pod logs: the node agents. */
  logSource: LogSource | undefined;
  readonly #options: ApiServerOptions;
  readonly #watches: OpenWatches;
  readonly #server;

  constructor(options: ApiServerOptions) {
    this.#options = options;
    this.#watches = createOpenWatches(options.faults.requests);
    this.#server = createServer({ ...options.certificate, minVersion: "TLSv1.2" });
    // Longer than clients keep idle connections, so that the client is the side that closes first.
    this.#server.keepAliveTimeout = 75 * Second.ms;
    this.#server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      this.#handle(request, response).catch((error: unknown) => {
        sendError(response, error);
      });
    });
  }

  /** Listens; returns the port. */
  async start(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#options.port, "127.0.0.1", () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#watches.endAll();
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    this.#server.closeIdleConnections();
    // Then cuts the connections that are still busy, for example those held by a fault.
    setTimeout(() => {
      this.#server.closeAllConnections();
    }, 200).unref();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.parse(request.url ?? "/", "https://localhost");
    if (url === null) throw badRequest("the target of the request is not a valid URL");
    const method = request.method ?? "GET";
    refuseBrowsers(request);
    if (HEALTH.has(url.pathname)) {
      sendText(response, 200, "ok", "text/plain");
      return;
    }
    authenticate(request, this.#options.token);
    if (url.pathname === "/faults" || url.pathname.startsWith("/faults/")) {
      const body = await readBody(request);
      sendJson(response, 200, handleFaults(this.#options.faults, method, url.pathname, body));
      return;
    }
    const found =
      method === "GET"
        ? (discover(url.pathname, request.headers.host ?? "") ?? describeApi(url.pathname))
        : undefined;
    if (found !== undefined) {
      sendJson(response, 200, found);
    } else if (url.pathname.startsWith("/api/") || url.pathname.startsWith("/apis/")) {
      await this.#handleTarget(request, response, url, method);
    } else {
      throw noSuchPath();
    }
  }

  async #handleTarget(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    method: string,
  ): Promise<void> {
    const query = url.searchParams;
    const target = parseTarget(url.pathname);
    const verb = verbOf(target, method, query);
    const { namespace, name, subresource, type } = target;
    const facts = { method, verb, resource: type.resource, subresource, namespace, name };
    for (const { id, effect } of this.#options.faults.requests.take(facts)) {
      if (await this.#inject(id, effect, response)) return;
    }
    if (verb === "watch") {
      const asTable = wantsTable(request.headers.accept);
      this.#watch(facts, { target, query, response, asTable });
      return;
    }
    const { operations } = this.#options;
    const { logSource } = this;
    await handleResource({ operations, target, verb, query, request, response, logSource });
  }

  #watch(
    facts: RequestFacts,
    options: Pick<
      ConstructorParameters<typeof WatchStream>[0],
      "target" | "query" | "response" | "asTable"
    >,
  ): void {
    const { operations, bookmarkMs } = this.#options;
    const { store, clock } = operations;
    const forget = this.#watches.add(
      facts,
      (isSilenced) => new WatchStream({ ...options, store, clock, bookmarkMs, isSilenced }),
    );
    options.response.on("close", forget);
  }

  /** Returns whether the request needs no further handling. */
  async #inject(id: string, effect: RequestEffect, response: ServerResponse): Promise<boolean> {
    if ("status" in effect) {
      const { status, reason = "InternalError", message = "injected", retryAfterSeconds } = effect;
      throw new StatusError(status, reason, message, { retryAfterSeconds });
    }
    if ("gone" in effect) throw expired("injected: too old resource version");
    if ("latencyMs" in effect) {
      await new Promise((resolve) => setTimeout(resolve, effect.latencyMs));
      return response.destroyed;
    }
    if ("resetAfter" in effect) {
      // The request is executed, but the connection is closed before its response.
      response.writeHead = () => response.destroy();
      return false;
    }
    if ("reset" in effect) response.socket?.resetAndDestroy();
    if ("hang" in effect) this.#hang(id, response);
    return true;
  }

  /** Holds the request until the client closes the connection, or the fault is cleared. */
  #hang(id: string, response: ServerResponse): void {
    const { requests } = this.#options.faults;
    const cut = (removed: string) => {
      if (removed === id) response.destroy();
    };
    requests.on("removed", cut);
    response.on("close", () => {
      requests.off("removed", cut);
    });
  }
}
