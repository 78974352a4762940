import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { LogSource } from "../apiServer/logSource.ts";
import type { ApiClient } from "./apiClient.ts";
import type { Pod } from "./kubeTypes.ts";

export interface KubeletIdentity {
  /** PEM of this side. */
  readonly cert: string;
  readonly key: string;
  /** PEM of the authority behind the API server's own client certificate: nobody else is answered. */
  readonly clientCa: string;
}

export interface KubeletServer {
  /** Goes into each node's `status.daemonEndpoints`. */
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * The one path of a kubelet's own API that is wanted here: `/containerLogs/<namespace>/<pod>/<container>`, which an API
 * server asks when somebody reads a pod's log. On the loopback address, and only to who shows a certificate.
 */
export async function startKubeletServer(
  identity: KubeletIdentity,
  client: ApiClient,
  logs: LogSource,
): Promise<KubeletServer> {
  const { cert, key, clientCa: ca } = identity;
  const settings = { cert, key, ca, requestCert: true, rejectUnauthorized: true } as const;
  const server = createServer({ ...settings, minVersion: "TLSv1.2" }, (request, response) => {
    answer(request, client, logs).then(
      (text) => {
        say(response, 200, text);
      },
      (error: unknown) => {
        say(response, 500, (error as Error).message);
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  client: ApiClient,
  logs: LogSource,
): Promise<string> {
  const url = new URL(request.url ?? "/", "https://localhost");
  const [, kind, namespace = "", name = ""] = url.pathname.split("/").map(decodeURIComponent);
  if (request.method !== "GET" || kind !== "containerLogs") {
    throw new Error("this node serves the logs of its containers, and nothing else");
  }
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
  const pod = await client.get<Pod>(path);
  const tail = url.searchParams.get("tailLines");
  return logs.read(namespace, name, pod.metadata.uid, {
    ...(tail === null ? {} : { tailLines: Number(tail) }),
    previous: url.searchParams.get("previous") === "true",
  });
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain" });
  response.end(text);
}
