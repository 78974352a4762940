import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { LogSource } from "../apiServer/podLogs.ts";
import type { ApiClient } from "./apiClient.ts";
import type { Pod } from "./kubeTypes.ts";

export interface KubeletIdentity {
  /** PEM of this server's certificate and key. */
  readonly cert: string;
  readonly key: string;
  /** PEM of the authority of the API server's client certificate; no other client is served. */
  readonly clientCa: string;
}

export interface KubeletServer {
  /** Published in each node's `status.daemonEndpoints`. */
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Serves the one path of a kubelet's API that is needed here,
 * `/containerLogs/<namespace>/<pod>/<container>`: an API server reads a pod's log from it. Listens
 * on loopback and requires a client certificate.
 */
export async function startKubeletServer(
  identity: KubeletIdentity,
  client: ApiClient,
  logs: LogSource,
): Promise<KubeletServer> {
  const { cert, key, clientCa: ca } = identity;
  const settings = { cert, key, ca, requestCert: true, rejectUnauthorized: true } as const;
  const server = createServer({ ...settings, minVersion: "TLSv1.2" }, (request, response) => {
    readContainerLog(request, client, logs).then(
      (text) => {
        sendText(response, 200, text);
      },
      (error: unknown) => {
        sendText(response, 500, (error as Error).message);
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

async function readContainerLog(
  request: IncomingMessage,
  client: ApiClient,
  logs: LogSource,
): Promise<string> {
  const url = new URL(request.url ?? "/", "https://localhost");
  const [, kind, namespace = "", name = ""] = url.pathname.split("/").map(decodeURIComponent);
  if (request.method !== "GET" || kind !== "containerLogs") {
    throw new Error("This node serves container logs only.");
  }
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
  const pod = await client.get<Pod>(path);
  const tail = url.searchParams.get("tailLines");
  return logs.read(namespace, name, pod.metadata.uid, {
    ...(tail === null ? {} : { tailLines: Number(tail) }),
    previous: url.searchParams.get("previous") === "true",
  });
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain" });
  response.end(text);
}
