import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface StallingRelay {
  readonly port: number;
  /** Chunks that wait for the way to be open again. */
  readonly held: number;
  /** Nothing passes any more, and nobody is told: as with a laptop asleep or a network that is gone. */
  stall(): void;
  /** Everything that was held goes on its way, in order. */
  resume(): void;
  close(): Promise<void>;
}

/** A TCP relay to a port of this machine whose way can be blocked for a while. */
export async function startStallingRelay(target: number): Promise<StallingRelay> {
  const sockets = new Set<Socket>();
  let stalled = false;
  let held: (() => void)[] = [];
  const pass = (act: () => void) => {
    if (stalled) held.push(act);
    else act();
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
    // A side that breaks is closed, which the other learns when the way is open.
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
      const acts = held;
      held = [];
      for (const act of acts) act();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
