import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { text } from "node:stream/consumers";
import type { DevCluster } from "../../../dev-cluster/src/devCluster.ts";

export interface RawRequest {
  method?: string;
  path: string;
  /** Sent as JSON; a string is sent as it is. */
  body?: unknown;
  headers?: Record<string, string>;
  /** The cluster's token by default; null for none. */
  token?: string | null;
}

/** Sends a request that the standard client would not send. */
export async function request(
  cluster: DevCluster,
  options: RawRequest,
): Promise<{ status: number; json: unknown }> {
  const { token = cluster.token, body } = options;
  const sent = httpsRequest(new URL(options.path, cluster.url), {
    method: options.method ?? "GET",
    ca: cluster.ca,
    agent: false,
    // The certificate is checked against this name, whatever the Host header says.
    servername: "localhost",
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      "content-type": "application/json",
      ...options.headers,
    },
  });
  sent.end(typeof body === "string" || body === undefined ? body : JSON.stringify(body));
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const content = await text(response);
  const isJson = response.headers["content-type"] === "application/json";
  return { status: response.statusCode ?? 0, json: isJson ? JSON.parse(content) : content };
}
