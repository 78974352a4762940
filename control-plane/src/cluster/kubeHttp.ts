import http from "node:http";
import https from "node:https";
import { Second } from "@gpu-dev/shared/durations.ts";
// The module itself: the package's index also loads the library's watches, shells and caches.
import { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import { CallBreaker } from "./callBreaker.ts";
import type { KubeStatus } from "./kubeObjects.ts";
import { ClusterRefused, ClusterUnavailable } from "./port.ts";

const CALL_TIMEOUT_MS = 10 * Second.ms;

export interface KubeCall {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  /**
   * Only the metadata of objects: the content of Secrets is neither transferred nor kept in memory.
   */
  readonly metadataOnly?: boolean;
}

export type KubeRead = Pick<KubeCall, "path" | "metadataOnly">;

export interface KubeHttp {
  /**
   * The decoded body of a 2xx. Throws `ClusterRefused` or `ClusterUnavailable`, as the port
   * specifies.
   */
  call<Body>(call: KubeCall): Promise<Body>;
  text(path: string): Promise<string>;
  /** A streamed body; ends with the signal. A status other than 200 throws as `call` does. */
  stream(call: KubeRead, signal: AbortSignal): Promise<http.IncomingMessage>;
  close(): void;
}

/** Reads a kubeconfig file or, without a path, the service account of the pod that this runs in. */
export function loadKubeConfig(path: string | undefined): KubeConfig {
  const config = new KubeConfig();
  if (path === undefined) {
    config.loadFromCluster();
    return config;
  }
  try {
    config.loadFromFile(path);
  } catch (error) {
    throw new Error(`cannot read the kubeconfig ${path}`, { cause: error });
  }
  if (!config.getCurrentCluster()) {
    throw new Error(`the kubeconfig ${path} has no cluster for its current context`);
  }
  return config;
}

/**
 * Plain requests over kept-alive connections, authenticated by the client library's configuration.
 * Its generated API classes are not used: they take a third of the time of a call.
 */
export function createKubeHttp(config: KubeConfig): KubeHttp {
  const sender = createSender(config);
  const caller = { sender, breaker: new CallBreaker() };
  return {
    call: async <Body>(call: KubeCall) => {
      const text = await send(caller, call);
      try {
        return JSON.parse(text) as Body;
      } catch (error) {
        throw unreachable(call, error, false);
      }
    },
    text: (path) => send(caller, { method: "GET", path }),
    stream: (call, signal) => openStream(sender, { method: "GET", ...call }, signal),
    close: () => {
      sender.close();
    },
  };
}

interface Caller {
  readonly sender: Sender;
  readonly breaker: CallBreaker;
}

interface SentCall extends KubeCall {
  readonly mode: "whole" | "stream";
}

interface Sender {
  send(call: SentCall, signal: AbortSignal): Promise<http.IncomingMessage>;
  close(): void;
}

function createSender(config: KubeConfig): Sender {
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error("the kubeconfig has no cluster for its current context");
  const base = new URL(cluster.server);
  const plain = base.protocol === "http:";
  const { Agent, request } = plain ? http : https;
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  return {
    send: async (call, signal) => {
      const signed: https.RequestOptions = {};
      await config.applyToHTTPSOptions(signed);
      const payload = call.body === undefined ? undefined : JSON.stringify(call.body);
      const headers = Object.assign({}, signed.headers, headersOf(call, payload));
      const options: https.RequestOptions = {
        ...signed,
        ...(cluster.proxyUrl === undefined ? { agent } : {}),
        hostname: base.hostname.replace(/^\[|\]$/g, ""),
        port: base.port,
        path: base.pathname.replace(/\/$/, "") + call.path,
        method: call.method,
        headers,
        signal,
      };
      return new Promise((resolve, reject) => {
        const sent = request(options, resolve);
        sent.on("error", reject);
        sent.end(payload);
      });
    },
    close: () => {
      agent.destroy();
    },
  };
}

async function send({ sender, breaker }: Caller, call: KubeCall): Promise<string> {
  if (!breaker.allows()) {
    throw unreachable(call, new Error("it has not responded for a while"), false);
  }
  const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
  try {
    const response = await sender.send({ ...call, mode: "whole" }, signal);
    const text = await readAll(response);
    breaker.responded();
    if ((response.statusCode ?? 0) < 300) return text;
    throw refusal(call, response.statusCode ?? 0, text);
  } catch (error) {
    if (error instanceof ClusterRefused || error instanceof ClusterUnavailable) throw error;
    if (signal.aborted) breaker.timedOut();
    throw unreachable(call, error, signal.aborted);
  }
}

async function openStream(
  sender: Sender,
  call: KubeCall,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  const timeout = new AbortController();
  const timer = setTimeout(() => {
    timeout.abort();
  }, CALL_TIMEOUT_MS);
  try {
    const response = await sender.send(
      { ...call, mode: "stream" },
      AbortSignal.any([timeout.signal, signal]),
    );
    if (response.statusCode === 200) return response;
    throw refusal(call, response.statusCode ?? 0, await readAll(response));
  } catch (error) {
    if (error instanceof ClusterRefused || error instanceof ClusterUnavailable) throw error;
    throw unreachable(call, error, timeout.signal.aborted);
  } finally {
    clearTimeout(timer);
  }
}

function headersOf(call: SentCall, payload: string | undefined): http.OutgoingHttpHeaders {
  return {
    accept: call.metadataOnly === true ? METADATA_ONLY[call.mode] : "application/json",
    ...(payload === undefined
      ? {}
      : {
          "content-type": call.contentType ?? "application/json",
          "content-length": Buffer.byteLength(payload),
        }),
  };
}

/**
 * A list and a watch need different forms: a watch that asks for the list's form is accepted, and
 * ends at its first event. A server that supports neither returns whole objects.
 */
const METADATA_ONLY = {
  whole: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
  stream: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json",
};

async function readAll(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/**
 * Only a Status is a refusal by the API server: a 404 from a proxy in between says nothing about
 * the object. A 401 also counts as unavailable: credentials are renewed, and the objects still
 * exist.
 */
function refusal(call: KubeCall, code: number, text: string): Error {
  const status = parseStatus(text);
  const reason = status.message ?? `status ${String(code)}`;
  const message = `the cluster responded to ${call.method} ${pathOnly(call)}: ${reason}`;
  const isUnclear = code >= 500 || code === 429 || code === 408 || code === 401 || code < 400;
  if (isUnclear || status.kind !== "Status") return new ClusterUnavailable(message);
  return new ClusterRefused(message, status.reason ?? "Unknown");
}

function unreachable(call: KubeCall, error: unknown, timedOut: boolean): ClusterUnavailable {
  const why = timedOut
    ? `no response within ${String(CALL_TIMEOUT_MS / Second.ms)} s`
    : error instanceof Error
      ? error.message
      : "the request failed";
  return new ClusterUnavailable(
    `the cluster did not respond to ${call.method} ${pathOnly(call)}: ${why}`,
    { cause: error },
  );
}

const pathOnly = (call: KubeCall): string => call.path.split("?")[0] ?? call.path;

function parseStatus(text: string): KubeStatus {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}
