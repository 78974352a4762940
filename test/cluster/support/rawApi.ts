import { Agent, request } from "node:https";
import { request as plainRequest, type IncomingHttpHeaders } from "node:http";

export interface Answer<Body = unknown> {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Body;
}

/** The Kubernetes API as it is on the wire, so that answers can be compared to the letter. */
export interface RawApi {
  request<Body = unknown>(
    method: string,
    path: string,
    body?: unknown,
    contentType?: string,
  ): Promise<Answer<Body>>;
  /** The body of an answer below 300; throws with what was said otherwise. */
  expect<Body = unknown>(
    method: string,
    path: string,
    body?: unknown,
    contentType?: string,
  ): Promise<Body>;
}

export interface RawAccess {
  readonly url: string;
  /** Without it, whoever answers is believed: for health paths alone. */
  readonly ca?: string;
  readonly token?: string;
}

export function rawApi({ url, ca, token }: RawAccess): RawApi {
  const agent = new Agent({ ...(ca === undefined ? { rejectUnauthorized: false } : { ca }) });
  const send: RawApi["request"] = (method, path, body, contentType = "application/json") => {
    const target = new URL(path, url);
    const plain = target.protocol === "http:";
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      Accept: "application/json",
      // Said, because Node sends the body of a DELETE in no frame of its own.
      ...(payload === undefined
        ? {}
        : { "Content-Type": contentType, "Content-Length": String(Buffer.byteLength(payload)) }),
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    };
    return new Promise((resolve, reject) => {
      const options = { method, headers, timeout: 30_000, ...(plain ? {} : { agent }) };
      const sent = (plain ? plainRequest : request)(target, options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          const { statusCode: status = 0, headers: told } = response;
          resolve({ status, headers: told, body: parse(text) as never });
        });
      });
      sent.on("error", reject);
      sent.on("timeout", () => sent.destroy(new Error(`no answer to ${method} ${path}`)));
      sent.end(payload);
    });
  };
  return {
    request: send,
    expect: async <Body>(...[method, path, body, contentType]: Parameters<RawApi["request"]>) => {
      const answer = await send<Body>(method, path, body, contentType);
      if (answer.status < 300) return answer.body;
      throw new Error(`${method} ${path}: ${String(answer.status)} ${JSON.stringify(answer.body)}`);
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
