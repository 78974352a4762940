import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";

/** Stands where the API server was, and knows nothing of it: a balancer without a server behind it. */
export interface Stranger {
  readonly kubeConfig: KubeConfig;
  asked(): number;
  stop(): Promise<void>;
}

export async function startStranger(): Promise<Stranger> {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.writeHead(404, { "Content-Type": "text/html" });
    response.end("<html><body><h1>404 Not Found</h1></body></html>");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromClusterAndUser(
    { name: "balancer", server: `http://127.0.0.1:${String(port)}`, skipTLSVerify: true },
    { name: "nobody" },
  );
  return {
    kubeConfig,
    asked: () => asked,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
