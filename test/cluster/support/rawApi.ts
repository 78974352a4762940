import { Agent, request } from "node:https";
import { request as plainRequest, type IncomingHttpHeaders } from "node:http";
import { Second } from "@gpu-dev/shared/durations.ts";

export interface RawResponse<Body = unknown> {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Body;
}

/** The Kubernetes API as it is on the wire, so that responses can be compared exactly. */
export interface RawApi {
  request<Body = unknown>(
    method: string,
    path: string,
    body?: unknown,
    contentType?: string,
  ): Promise<RawResponse<Body>>;
  /** The body of a response below 300; throws with the status and the body otherwise. */
  expect<Body = unknown>(
    method: string,
    path: string,
    body?: unknown,
    contentType?: string,
  ): Promise<Body>;
}

export interface RawAccess {
  readonly url: string;
  /** Without it, the server's certificate is not verified: for health endpoints only. */
  readonly ca?: string;
  readonly token?: string;
}

export function rawApi({ url, ca, token }: RawAccess): RawApi {
  const agent = new Agent(ca === undefined ? { rejectUnauthorized: false } : { ca });
  const send: RawApi["request"] = (method, path, body, contentType = "application/json") => {
    const target = new URL(path, url);
    const plain = target.protocol === "http:";
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      Accept: "application/json",
      // Explicit, because Node sends a DELETE's body without a length.
      ...(payload === undefined
        ? {}
        : { "Content-Type": contentType, "Content-Length": String(Buffer.byteLength(payload)) }),
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    };
    return new Promise((resolve, reject) => {
      const options = { method, headers, timeout: 30 * Second.ms, ...(plain ? {} : { agent }) };
      const outgoing = (plain ? plainRequest : request)(target, options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          const { statusCode: status = 0, headers: responseHeaders } = response;
          resolve({ status, headers: responseHeaders, body: parse(text) as never });
        });
      });
      outgoing.on("error", reject);
      outgoing.on("timeout", () => outgoing.destroy(new Error(`no response to ${method} ${path}`)));
      outgoing.end(payload);
    });
  };
  return {
    request: send,
    expect: async <Body>(...[method, path, body, contentType]: Parameters<RawApi["request"]>) => {
      const response = await send<Body>(method, path, body, contentType);
      if (response.status < 300) return response.body;
      throw new Error(
        `${method} ${path}: ${String(response.status)} ${JSON.stringify(response.body)}`,
      );
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
