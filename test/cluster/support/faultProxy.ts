import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import {
  matchesFault,
  type RequestFacts,
  type RequestFault,
} from "../../../dev-cluster/src/faults/requestFault.ts";
import { RequestFaults } from "../../../dev-cluster/src/faults/requestFaults.ts";

/** A proxy between a client and a real API server that injects the same faults as dev-cluster. */
export interface FaultProxy {
  readonly url: string;
  readonly faults: { readonly requests: RequestFaults };
  /** Forwarded body bytes: of requests, of responses, and of watches (also by resource). */
  readonly traffic: {
    sent: number;
    received: number;
    watched: number;
    readonly watchedByResource: Record<string, number>;
  };
  /**
   * Probability (0 to 1) that a request gets an HTML page with 404, as from a load balancer without
   * a backend.
   */
  readonly pages: { probability: number };
  /**
   * Silences the open watches: they send nothing and never end. Later watches work.
   * @returns a function that counts the silenced watches that their clients have not closed yet
   */
  silenceOpenWatches(): () => number;
  /** How many requests a fault has affected. */
  affected(id: string): number;
  /** How many requests hang now because of a fault. */
  hanging(): number;
  stop(): Promise<void>;
}

interface OpenWatch {
  readonly facts: RequestFacts;
  readonly response: ServerResponse;
  silencedBy?: string | undefined;
}

/** Marks watches that stay silent whatever faults are removed. */
const PERMANENT = "permanent";

export async function startFaultProxy(target: { url: string; ca: string }): Promise<FaultProxy> {
  const agent = new Agent({ ca: target.ca, keepAlive: true });
  const requests = new RequestFaults();
  const watches = new Set<OpenWatch>();
  const hanging = new Map<ServerResponse, string>();
  const traffic = {
    sent: 0,
    received: 0,
    watched: 0,
    watchedByResource: {} as Record<string, number>,
  };
  const pages = { probability: 0 };
  const affected = new Map<string, number>();
  requests.on("watches", (fault) => {
    for (const watch of watches) if (matchesFault(fault.match, watch.facts)) endWatch(watch, fault);
  });
  requests.on("removed", (id) => {
    for (const watch of watches) if (watch.silencedBy === id) watch.response.destroy();
    for (const [response, faultId] of hanging) if (faultId === id) response.destroy();
  });

  /** Applies the faults that match the request, and returns how to proceed. */
  async function applyFaults(facts: RequestFacts, response: ServerResponse): Promise<Fate> {
    let fate: Fate = "forward";
    if (Math.random() < pages.probability) {
      response.writeHead(404, { "Content-Type": "text/html" });
      response.end("<html><body><h1>404 Not Found</h1></body></html>");
      return "handled";
    }
    for (const { id, effect } of requests.take(facts)) {
      affected.set(id, (affected.get(id) ?? 0) + 1);
      if ("latencyMs" in effect) await delay(effect.latencyMs);
      else if ("resetAfter" in effect) fate = "drop-response";
      else if ("hang" in effect) {
        hanging.set(response, id);
        response.on("close", () => hanging.delete(response));
        return "handled";
      } else if ("reset" in effect) {
        response.destroy();
        return "handled";
      } else {
        const [code, reason] =
          "status" in effect ? [effect.status, effect.reason ?? "Injected"] : [410, "Expired"];
        refuse(response, code, reason);
        return "handled";
      }
    }
    return fate;
  }

  function forward(from: IncomingMessage, to: ServerResponse, facts: RequestFacts, fate: Fate) {
    const headers = { ...from.headers, host: new URL(target.url).host };
    const upstream = request(new URL(from.url ?? "/", target.url), {
      agent,
      headers,
      method: from.method,
    });
    from.on("data", (chunk: Buffer) => (traffic.sent += chunk.length));
    from.pipe(upstream);
    upstream.on("error", () => to.destroy());
    to.on("close", () => upstream.destroy());
    upstream.on("response", (incoming) => {
      if (fate === "drop-response") {
        incoming.resume().on("close", () => to.destroy());
        return;
      }
      to.writeHead(incoming.statusCode ?? 502, incoming.headers);
      to.flushHeaders();
      const watch: OpenWatch | undefined =
        facts.verb === "watch" ? { facts, response: to } : undefined;
      if (watch) watches.add(watch);
      to.on("close", () => watch && watches.delete(watch));
      const isSilent = () => {
        if (watch) watch.silencedBy ??= requests.silencer(facts);
        return watch?.silencedBy !== undefined;
      };
      // A silent watch does not report either that the server behind it is unavailable.
      incoming.on("error", () => {
        if (!isSilent()) to.destroy();
      });
      incoming.on("data", (chunk: Buffer) => {
        traffic[watch ? "watched" : "received"] += chunk.length;
        if (watch) {
          const { resource } = facts;
          traffic.watchedByResource[resource] =
            (traffic.watchedByResource[resource] ?? 0) + chunk.length;
        }
        if (!isSilent()) to.write(chunk);
      });
      incoming.on("end", () => {
        if (!isSilent()) to.end();
      });
    });
  }

  const server = createServer((from, to) => {
    const facts = factsOf(from);
    void applyFaults(facts, to).then((fate) => {
      if (fate !== "handled") forward(from, to, facts, fate);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    faults: { requests },
    traffic,
    pages,
    silenceOpenWatches: () => {
      const silenced = [...watches];
      for (const watch of silenced) watch.silencedBy ??= PERMANENT;
      return () => silenced.filter((watch) => watches.has(watch)).length;
    },
    affected: (id) => affected.get(id) ?? 0,
    hanging: () => hanging.size,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      agent.destroy();
      if (server.listening) await once(server, "close");
    },
  };
}

/**
 * `drop-response`: the server gets the request, the client gets no response. `handled`: nothing is
 * left to do.
 */
type Fate = "forward" | "drop-response" | "handled";

function endWatch({ response }: OpenWatch, { effect }: RequestFault): void {
  if (!("gone" in effect)) {
    response.destroy();
    return;
  }
  const object = { kind: "Status", code: 410, reason: "Expired", message: "too old" };
  response.end(`${JSON.stringify({ type: "ERROR", object })}\n`);
}

function refuse(response: ServerResponse, code: number, reason: string): void {
  const status = { kind: "Status", apiVersion: "v1", status: "Failure", message: "injected" };
  response.writeHead(code, { "Content-Type": "application/json" });
  response.end(JSON.stringify({ ...status, reason, code }));
}

const VERBS: Record<string, string | undefined> = {
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};
const PATH =
  /^\/apis?(?:\/[^/]+)?\/v\d\w*(?:\/namespaces\/(?<namespace>[^/]+)(?=\/))?\/(?<resource>[^/]+)(?:\/(?<name>[^/]+))?(?:\/(?<subresource>.+))?$/;

function factsOf({ method = "GET", url = "/" }: IncomingMessage): RequestFacts {
  const { pathname, searchParams } = new URL(url, "http://proxy");
  const { namespace, resource = "", name, subresource } = PATH.exec(pathname)?.groups ?? {};
  const read = name === undefined ? "list" : "get";
  const verb = searchParams.get("watch") === "true" ? "watch" : (VERBS[method] ?? read);
  return { method, verb, resource, subresource, namespace, name };
}
