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

/** Stands between a client and a real API server, with the faults that dev-cluster knows. */
export interface FaultProxy {
  readonly url: string;
  readonly faults: { readonly requests: RequestFaults };
  /** Bodies that went through, in bytes: of requests, of answers, and of watches, these also by resource. */
  readonly traffic: {
    sent: number;
    received: number;
    watched: number;
    readonly watchedOf: Record<string, number>;
  };
  /** Of each request, 0 to 1: a page of HTML with 404 instead of an answer, as from a balancer without a server behind it. */
  readonly pages: { probability: number };
  /**
   * The watches that are open now say nothing from now on, and never end; those that begin later are well. Answers how
   * many of them are still open: their clients have to notice by themselves.
   */
  silenceOpenWatches(): () => number;
  /** How many requests a fault has met. */
  met(id: string): number;
  /** Requests that hang by a fault now. */
  hanging(): number;
  stop(): Promise<void>;
}

interface OpenWatch {
  readonly facts: RequestFacts;
  readonly response: ServerResponse;
  silencedBy?: string | undefined;
}

/** Of watches that no fault silenced that could be taken back. */
const FOR_GOOD = "for good";

export async function startFaultProxy(target: { url: string; ca: string }): Promise<FaultProxy> {
  const agent = new Agent({ ca: target.ca, keepAlive: true });
  const requests = new RequestFaults();
  const watches = new Set<OpenWatch>();
  const hanging = new Map<ServerResponse, string>();
  const traffic = { sent: 0, received: 0, watched: 0, watchedOf: {} as Record<string, number> };
  const pages = { probability: 0 };
  const met = new Map<string, number>();
  requests.on("watches", (fault) => {
    for (const watch of watches) if (matchesFault(fault.match, watch.facts)) cut(watch, fault);
  });
  requests.on("removed", (id) => {
    for (const watch of watches) if (watch.silencedBy === id) watch.response.destroy();
    for (const [response, by] of hanging) if (by === id) response.destroy();
  });

  /** Whether the request is to be made, and answered; throws what ends it here. */
  async function suffer(facts: RequestFacts, response: ServerResponse): Promise<Fate> {
    let fate: Fate = "answered";
    if (Math.random() < pages.probability) {
      response.writeHead(404, { "Content-Type": "text/html" });
      response.end("<html><body><h1>404 Not Found</h1></body></html>");
      return "over";
    }
    for (const { id, effect } of requests.take(facts)) {
      met.set(id, (met.get(id) ?? 0) + 1);
      if ("latencyMs" in effect) await delay(effect.latencyMs);
      else if ("resetAfter" in effect) fate = "unanswered";
      else if ("hang" in effect) {
        hanging.set(response, id);
        response.on("close", () => hanging.delete(response));
        return "over";
      } else if ("reset" in effect) {
        response.destroy();
        return "over";
      } else {
        const [code, reason] =
          "status" in effect ? [effect.status, effect.reason ?? "Injected"] : [410, "Expired"];
        refuse(response, code, reason);
        return "over";
      }
    }
    return fate;
  }

  function forward(from: IncomingMessage, to: ServerResponse, facts: RequestFacts, fate: Fate) {
    const headers = { ...from.headers, host: new URL(target.url).host };
    const upstream = request(new URL(from.url ?? "/", target.url), {
      ...{ agent, headers, method: from.method },
    });
    from.on("data", (chunk: Buffer) => (traffic.sent += chunk.length));
    from.pipe(upstream);
    upstream.on("error", () => to.destroy());
    to.on("close", () => upstream.destroy());
    upstream.on("response", (answer) => {
      if (fate === "unanswered") {
        answer.resume().on("close", () => to.destroy());
        return;
      }
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      to.flushHeaders();
      const watch: OpenWatch | undefined =
        facts.verb === "watch" ? { facts, response: to } : undefined;
      if (watch) watches.add(watch);
      to.on("close", () => watch && watches.delete(watch));
      const isSilent = () => {
        if (watch) watch.silencedBy ??= requests.silencer(facts);
        return watch?.silencedBy !== undefined;
      };
      // Who is silent does not say either that the server behind it went away.
      answer.on("error", () => {
        if (!isSilent()) to.destroy();
      });
      answer.on("data", (chunk: Buffer) => {
        traffic[watch ? "watched" : "received"] += chunk.length;
        if (watch) {
          const { resource } = facts;
          traffic.watchedOf[resource] = (traffic.watchedOf[resource] ?? 0) + chunk.length;
        }
        if (!isSilent()) to.write(chunk);
      });
      answer.on("end", () => {
        if (!isSilent()) to.end();
      });
    });
  }

  const server = createServer((from, to) => {
    const facts = factsOf(from);
    void suffer(facts, to).then((fate) => {
      if (fate !== "over") forward(from, to, facts, fate);
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
      for (const watch of silenced) watch.silencedBy ??= FOR_GOOD;
      return () => silenced.filter((watch) => watches.has(watch)).length;
    },
    met: (id) => met.get(id) ?? 0,
    hanging: () => hanging.size,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      agent.destroy();
      if (server.listening) await once(server, "close");
    },
  };
}

type Fate = "answered" | "unanswered" | "over";

function cut({ response }: OpenWatch, { effect }: RequestFault): void {
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
