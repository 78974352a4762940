import type { Server } from "node:http";
import type { Socket } from "node:net";
import { Second } from "@gpu-dev/shared/durations.ts";

const DRAIN_MS = 10 * Second.ms;
const LOOK_MS = 50;

/**
 * To be asked for before the server listens. Answers how it stops: nobody new is let in, connections close as they
 * become idle, and what is still under way after 10 seconds is cut.
 */
export function drainOf(server: Server): () => Promise<void> {
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  // Clients open spare connections. Node takes one without a request for busy (nodejs/node issue 63452).
  const closeIdle = () => {
    server.closeIdleConnections();
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
  };
  return async () => {
    const closed = new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
    closeIdle();
    const limit = setTimeout(() => {
      server.closeAllConnections();
    }, DRAIN_MS);
    // A kept connection whose request ends meanwhile becomes idle only then.
    const look = setInterval(closeIdle, LOOK_MS);
    await closed;
    clearTimeout(limit);
    clearInterval(look);
  };
}
