import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";

/**
 * A load balancer without a server behind it: responds in place of the API server, with an HTML
 * page.
 */
export interface Balancer {
  readonly kubeConfig: KubeConfig;
  requests(): number;
  stop(): Promise<void>;
}

export async function startBalancer(): Promise<Balancer> {
  let requests = 0;
  const server = createServer((_, response) => {
    requests += 1;
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
    requests: () => requests,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
