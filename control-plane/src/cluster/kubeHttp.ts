import http from "node:http";
import https from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import { CallBreaker } from "./callBreaker.ts";
import type { KubeStatus } from "./kubeObjects.ts";
import { ClusterRefused, ClusterUnavailable } from "./port.ts";

const CALL_TIMEOUT_MS = 10_000;

export interface KubeCall {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  /** Of objects, only who they are: no Secret's content travels, or lies in memory. */
  readonly metadataOnly?: boolean;
}

export type KubeRead = Pick<KubeCall, "path" | "metadataOnly">;

export interface KubeHttp {
  /** The decoded answer of a 2xx. Throws `ClusterRefused` or `ClusterUnavailable`, as the port says. */
  call<Answer>(call: KubeCall): Promise<Answer>;
  text(path: string): Promise<string>;
  /** An answer that goes on; ends with the signal. A status other than 200 throws as `call` does. */
  stream(call: KubeRead, signal: AbortSignal): Promise<http.IncomingMessage>;
  close(): void;
}

/**
 * Plain requests over connections that are kept open, signed by the client library's configuration. Its generated
 * API classes are not used: they cost a third of the time of a call.
 */
export function createKubeHttp(config: KubeConfig): KubeHttp {
  const sender = createSender(config);
  const caller = { sender, breaker: new CallBreaker() };
  return {
    call: async <Answer>(call: KubeCall) => {
      const text = await answer(caller, call);
      try {
        return JSON.parse(text) as Answer;
      } catch (error) {
        throw unreachable(call, error, false);
      }
    },
    text: (path) => answer(caller, { method: "GET", path }),
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
  readonly answer: "whole" | "stream";
}

interface Sender {
  send(call: SentCall, signal: AbortSignal): Promise<http.IncomingMessage>;
  close(): void;
}

function createSender(config: KubeConfig): Sender {
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error("the kubeconfig names no current cluster");
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

async function answer({ sender, breaker }: Caller, call: KubeCall): Promise<string> {
  if (!breaker.allows()) {
    throw unreachable(call, new Error("it has answered nothing for a while"), false);
  }
  const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
  try {
    const response = await sender.send({ ...call, answer: "whole" }, signal);
    const text = await readAll(response);
    breaker.answered();
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
  const tooLate = new AbortController();
  const timer = setTimeout(() => {
    tooLate.abort();
  }, CALL_TIMEOUT_MS);
  try {
    const response = await sender.send(
      { ...call, answer: "stream" },
      AbortSignal.any([tooLate.signal, signal]),
    );
    if (response.statusCode === 200) return response;
    throw refusal(call, response.statusCode ?? 0, await readAll(response));
  } catch (error) {
    if (error instanceof ClusterRefused || error instanceof ClusterUnavailable) throw error;
    throw unreachable(call, error, tooLate.signal.aborted);
  } finally {
    clearTimeout(timer);
  }
}

function headersOf(call: SentCall, payload: string | undefined): http.OutgoingHttpHeaders {
  return {
    accept: call.metadataOnly === true ? METADATA_ONLY[call.answer] : "application/json",
    ...(payload === undefined
      ? {}
      : {
          "content-type": call.contentType ?? "application/json",
          "content-length": Buffer.byteLength(payload),
        }),
  };
}

/**
 * One form for a list and one for a watch: a watch that is offered the list's is taken, and ends at its first event. A server
 * that knows none answers with whole objects.
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
 * A no is the API server's only as a Status: a 404 of something in between says nothing of the object. 401 too is "nothing
 * can be known": credentials are renewed, and the objects are still there.
 */
function refusal(call: KubeCall, code: number, text: string): Error {
  const status = parseStatus(text);
  const said = status.message ?? `status ${String(code)}`;
  const message = `the cluster answered ${call.method} ${pathOnly(call)}: ${said}`;
  const unclear = code >= 500 || code === 429 || code === 408 || code === 401 || code < 400;
  if (unclear || status.kind !== "Status") return new ClusterUnavailable(message);
  return new ClusterRefused(message, status.reason ?? "Unknown");
}

function unreachable(call: KubeCall, error: unknown, timedOut: boolean): ClusterUnavailable {
  const why = timedOut
    ? `no answer within ${String(CALL_TIMEOUT_MS / 1_000)} s`
    : error instanceof Error
      ? error.message
      : "the request failed";
  return new ClusterUnavailable(
    `the cluster did not answer ${call.method} ${pathOnly(call)}: ${why}`,
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
