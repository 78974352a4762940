import type { EventEmitter } from "node:events";
import { connect, type Socket } from "node:net";
import { getSystemErrorMessage } from "node:util";
import type { Connection, ServerChannel, SocketBindInfo, TcpipBindInfo } from "ssh2";
import { Second } from "../platform/clock.ts";
import { createForwardListeners, type Accept, type ForwardListeners } from "./forwardListeners.ts";
import { OUTPUT_REFUSED, rejectChannel } from "./protocol.ts";

const CONNECT_TIMEOUT_MS = 30 * Second.ms;
const MAX_PORT = 0xffff;
/** Linux's limit for the path of a socket, without the final zero byte. */
const MAX_SOCKET_PATH_BYTES = 107;

/**
 * Serves every forwarding of OpenSSH: -L, -D, -R, and their counterparts for UNIX sockets. A
 * failure ends only the forward that it belongs to.
 */
export function serveForwarding(connection: Connection): void {
  connection.on("tcpip", (accept, reject, { destIP, destPort }) => {
    connectTo(connection, accept, reject, () => {
      if (destPort < 1 || destPort > MAX_PORT)
        throw new Error(`port ${String(destPort)} is invalid`);
      return connect({ host: destIP, port: destPort, noDelay: true });
    });
  });
  connection.on("openssh.streamlocal", (accept, reject, { socketPath }) => {
    connectTo(connection, accept, reject, () => {
      if (!isSocketPath(socketPath)) throw new Error("not a socket path");
      return connect({ path: socketPath });
    });
  });
  const listeners = createForwardListeners();
  connection.on("close", () => {
    listeners.closeAll();
  });
  // Typed as a plain emitter: the library's overloads split this event into two.
  (connection as EventEmitter).on(
    "request",
    (accept: Accept, reject: Accept, name: string, info: TcpipBindInfo & SocketBindInfo) => {
      const request = { connection, listeners, info };
      handleRequest(name, request).then(
        (port) => accept?.(port),
        (error: unknown) => {
          process.stderr.write(`A request for ${name} failed: ${String(error)}\n`);
          reject?.();
        },
      );
    },
  );
}

interface ForwardRequest {
  readonly connection: Connection;
  readonly listeners: ForwardListeners;
  readonly info: TcpipBindInfo & SocketBindInfo;
}

/** @returns the port that listens, if the client requested a port */
async function handleRequest(
  name: string,
  { connection, listeners, info }: ForwardRequest,
): Promise<number | undefined> {
  switch (name) {
    case "tcpip-forward": {
      const port = await listeners.listenOnPort(info.bindAddr, info.bindPort, (socket, bound) => {
        const { remoteAddress = "127.0.0.1", remotePort = 0 } = socket;
        connection.forwardOut(info.bindAddr, bound, remoteAddress, remotePort, joiner(socket));
      });
      return port;
    }
    case "streamlocal-forward@openssh.com":
      if (!isSocketPath(info.socketPath)) throw new Error("not a socket path");
      await listeners.listenOnPath(info.socketPath, (socket) => {
        connection.openssh_forwardOutStreamLocal(info.socketPath, joiner(socket));
      });
      return undefined;
    case "cancel-tcpip-forward":
      listeners.closePort(info.bindAddr, info.bindPort);
      return undefined;
    case "cancel-streamlocal-forward@openssh.com":
      listeners.closePath(info.socketPath);
      return undefined;
    default:
      throw new Error("unknown request");
  }
}

/** A path that the client's packet can name; "@name" would be a socket without a file. */
function isSocketPath(path: string): boolean {
  const hasValidLength = path !== "" && Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES;
  return hasValidLength && !path.startsWith("@") && !path.includes("\0");
}

type ForwardChannel = NodeJS.ReadWriteStream & { destroy(): unknown };

/** Joins the socket with the channel that the client opens for it. */
function joiner(socket: Socket) {
  return (error: Error | undefined, channel: ForwardChannel): void => {
    if (error) socket.destroy();
    else join(socket, channel);
  };
}

function connectTo(
  connection: Connection,
  accept: () => ServerChannel,
  reject: () => void,
  open: () => Socket,
): void {
  const refuse = (error: Error): void => {
    rejectChannel(connection, reject, explain(error));
  };
  let socket: Socket;
  try {
    socket = open();
  } catch (error) {
    refuse(error as Error);
    return;
  }
  const timeout = (): void => {
    socket.destroy(new Error("connection timed out"));
  };
  const close = (): void => {
    socket.destroy();
  };
  socket.setTimeout(CONNECT_TIMEOUT_MS, timeout);
  socket.once("error", refuse);
  connection.once("close", close);
  socket.once("close", () => connection.off("close", close));
  socket.once("connect", () => {
    socket.setTimeout(0);
    socket.off("timeout", timeout);
    socket.off("error", refuse);
    join(socket, accept());
  });
}

/** A name with several addresses fails with an error for each. */
function explain(error: Error): string {
  const [first] = error instanceof AggregateError ? (error.errors as Error[]) : [];
  const { errno, message } = (first ?? error) as NodeJS.ErrnoException;
  return errno === undefined ? message : getSystemErrorMessage(errno);
}

/** A half-closed connection stays half open: the protocol that it carries may need that. */
function join(socket: Socket, channel: ForwardChannel): void {
  socket.allowHalfOpen = true;
  socket.on("error", () => channel.end());
  channel.on("error", () => socket.destroy());
  channel.on("close", () => socket.destroy());
  channel.on(OUTPUT_REFUSED, () => {
    // Data that the client still sends reaches the socket, which then closes, because its output is
    // no longer read.
    socket.unpipe(channel);
    socket.resume();
    if (socket.writableEnded) channel.destroy();
    else socket.once("finish", () => channel.destroy());
  });
  socket.pipe(channel).pipe(socket);
}
