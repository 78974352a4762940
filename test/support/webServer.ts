import { chmodSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** Two web servers: on loopback, which a test's container shares, and on a socket in a folder. */
export interface Web {
  readonly port: number;
  readonly stop: () => Promise<void>;
}

export async function startWeb(folder: string): Promise<Web> {
  const servers = ["from the port", "from the socket"].map((text) =>
    createServer((_request, response) => response.end(text)),
  );
  const [onPort, onSocket] = servers;
  if (!onPort || !onSocket) throw new Error("two servers are expected");
  await listen(onPort, { port: 0, host: "127.0.0.1" });
  const path = join(folder, "web.sock");
  await listen(onSocket, { path });
  chmodSync(path, 0o666);
  return {
    port: (onPort.address() as AddressInfo).port,
    stop: async () => {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}

function listen(server: Server, address: object): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(address, resolve);
  });
}
