import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface StallingRelay {
  readonly port: number;
  /** The number of held chunks and closes, which `resume` sends. */
  readonly held: number;
  /** Holds all traffic without an error, as when a laptop sleeps or loses its network. */
  stall(): void;
  /** Sends everything that was held, in order. */
  resume(): void;
  close(): Promise<void>;
}

/** A TCP relay to a port of this machine that can hold its traffic. */
export async function startStallingRelay(target: number): Promise<StallingRelay> {
  const sockets = new Set<Socket>();
  let stalled = false;
  let held: (() => void)[] = [];
  const pass = (send: () => void) => {
    if (stalled) held.push(send);
    else send();
  };
  const pipe = (from: Socket, to: Socket) => {
    sockets.add(from);
    from.on("data", (chunk) => {
      pass(() => to.write(chunk));
    });
    from.on("close", () => {
      sockets.delete(from);
      pass(() => to.destroy());
    });
    // After an error, a side emits "close"; the handler above then closes the other side.
    from.on("error", () => undefined);
  };
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    pipe(client, upstream);
    pipe(upstream, client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    get held() {
      return held.length;
    },
    stall: () => {
      stalled = true;
    },
    resume: () => {
      stalled = false;
      const pending = held;
      held = [];
      for (const send of pending) send();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
