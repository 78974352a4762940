import { randomBytes } from "node:crypto";
import { chmodSync, linkSync, lstatSync, rmSync, unlinkSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { dirname, join } from "node:path";

/** Replies to a request; undefined if the client wants no reply. */
export type Accept = ((port?: number) => void) | undefined;

/** The sockets on which the pod listens for one client (-R). */
export interface ForwardListeners {
  /** Listens on loopback only, whatever address the client names, as sshd does by default. */
  listenOnPort(
    name: string,
    port: number,
    serve: (socket: Socket, port: number) => void,
  ): Promise<number>;
  listenOnPath(path: string, serve: (socket: Socket) => void): Promise<void>;
  /** Throws an Error if nothing listens there. */
  closePort(name: string, port: number): void;
  closePath(path: string): void;
  /** Closes all sockets, including those that are requested later. */
  closeAll(): void;
}

const MAX_PORT = 0xffff;

export function createForwardListeners(): ForwardListeners {
  const open = new Map<string, () => void>();
  let isClosed = false;
  const add = (key: string, close: () => void): void => {
    if (isClosed) close();
    else open.set(key, close);
  };
  const closeListener = (key: string): void => {
    const close = open.get(key);
    if (close === undefined) throw new Error("nothing listens there");
    open.delete(key);
    close();
  };
  return {
    listenOnPort: async (name, port, serve) => {
      if (port < 0 || port > MAX_PORT) throw new Error(`port ${String(port)} is invalid`);
      let bound = port;
      const serveBound = (socket: Socket): void => {
        serve(socket, bound);
      };
      const first = await listen(serveBound, { host: "127.0.0.1", port });
      bound = boundPort(first);
      // `localhost` may mean either address. A machine may have no IPv6.
      const second = await listen(serveBound, { host: "::1", port: bound }).catch(() => undefined);
      add(portKey(name, bound), () => {
        first.close();
        second?.close();
      });
      return bound;
    },
    listenOnPath: async (path, serve) => {
      add(path, await listenPrivately(path, serve));
    },
    closePort: (name, port) => {
      closeListener(portKey(name, port));
    },
    closePath: closeListener,
    closeAll: () => {
      isClosed = true;
      for (const close of open.values()) close();
      open.clear();
    },
  };
}

/**
 * Creates a socket that only its owner may use, and returns a function that removes it. Node
 * removes the path of a listening socket without checking what is there by then, so the socket
 * listens under a temporary name; the given name is removed only if it is still this socket's. An
 * existing file is refused.
 */
async function listenPrivately(path: string, serve: (socket: Socket) => void): Promise<() => void> {
  const temporary = join(dirname(path), `.${randomBytes(4).toString("hex")}`);
  const server = await listen(serve, { path: temporary });
  try {
    chmodSync(temporary, 0o600);
    linkSync(temporary, path);
  } catch (error) {
    server.close();
    throw error;
  }
  const { dev, ino } = lstatSync(path);
  rmSync(temporary, { force: true });
  return () => {
    server.close();
    try {
      const current = lstatSync(path);
      if (current.dev === dev && current.ino === ino) unlinkSync(path);
    } catch {
      // Removed or replaced by the user.
    }
  };
}

function listen(
  serve: (socket: Socket) => void,
  where: { path: string } | { host: string; port: number },
): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      try {
        serve(socket);
      } catch {
        // The client's connection has just ended.
        socket.destroy();
      }
    });
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      // For example no free file descriptor: the next connection may succeed.
      server.on("error", (error) => {
        process.stderr.write(`A forward cannot accept a connection: ${error.message}\n`);
      });
      resolve(server);
    });
  });
}

function boundPort(server: Server): number {
  const address = server.address();
  return address !== null && typeof address === "object" ? address.port : 0;
}

function portKey(name: string, port: number): string {
  return `${name}:${String(port)}`;
}
