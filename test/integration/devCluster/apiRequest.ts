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
  /** The cluster's own where none is given; null for none at all. */
  token?: string | null;
}

/** One request without the stock client, for what that client would not send. */
export async function request(
  cluster: DevCluster,
  asked: RawRequest,
): Promise<{ status: number; json: unknown }> {
  const { token = cluster.token, body } = asked;
  const sent = httpsRequest(new URL(asked.path, cluster.url), {
    method: asked.method ?? "GET",
    ca: cluster.ca,
    agent: false,
    // The certificate is checked against this, whatever Host is sent.
    servername: "localhost",
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      "content-type": "application/json",
      ...asked.headers,
    },
  });
  sent.end(typeof body === "string" || body === undefined ? body : JSON.stringify(body));
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const answer = await text(response);
  const isJson = response.headers["content-type"] === "application/json";
  return { status: response.statusCode ?? 0, json: isJson ? JSON.parse(answer) : answer };
}
