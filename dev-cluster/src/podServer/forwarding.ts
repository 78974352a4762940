import type { EventEmitter } from "node:events";
import { rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Connection, ServerChannel, SocketBindInfo, TcpipBindInfo } from "ssh2";

type Accept = ((port?: number) => void) | undefined;
type Reject = (() => void) | undefined;

/** Serves every forwarding of OpenSSH: -L, -D, -R, and their counterparts for UNIX sockets. */
export function serveForwarding(connection: Connection): void {
  const listeners = new Map<string, Server>();
  connection.on("tcpip", (accept, reject, { destIP, destPort }) => {
    joinOutgoing(connect({ host: destIP, port: destPort, noDelay: true }), accept, reject);
  });
  connection.on("openssh.streamlocal", (accept, reject, { socketPath }) => {
    joinOutgoing(connect({ path: socketPath }), accept, reject);
  });
  const onRequest = (
    accept: Accept,
    reject: Reject,
    name: string,
    info: TcpipBindInfo & SocketBindInfo,
  ): void => {
    if (name === "tcpip-forward") listenTcp({ connection, listeners, accept, reject, info });
    else if (name === "streamlocal-forward@openssh.com")
      listenPath({ connection, listeners, accept, reject, info });
    else if (name === "cancel-tcpip-forward")
      stopListening(listeners, tcpKey(info.bindAddr, info.bindPort), accept, reject);
    else if (name === "cancel-streamlocal-forward@openssh.com")
      stopListening(listeners, info.socketPath, accept, reject);
    else reject?.();
  };
  // Typed as a plain emitter: the library's overloads split this event into two.
  (connection as EventEmitter).on("request", onRequest);
  connection.on("close", () => {
    for (const server of listeners.values()) server.close();
    listeners.clear();
  });
}

interface ListenRequest<Info> {
  readonly connection: Connection;
  readonly listeners: Map<string, Server>;
  readonly accept: Accept;
  readonly reject: Reject;
  readonly info: Info;
}

/**
 * Listens on loopback only, whatever address the client names, as sshd does without GatewayPorts.
 */
function listenTcp({
  connection,
  listeners,
  accept,
  reject,
  info,
}: ListenRequest<TcpipBindInfo>): void {
  const server = createServer((socket) => {
    const { remoteAddress = "127.0.0.1", remotePort = 0 } = socket;
    const port = boundPort(server);
    connection.forwardOut(info.bindAddr, port, remoteAddress, remotePort, (error, channel) => {
      if (error) socket.destroy();
      else join(socket, channel);
    });
  });
  server.once("error", () => reject?.());
  server.listen(info.bindPort, "127.0.0.1", () => {
    const port = boundPort(server);
    listeners.set(tcpKey(info.bindAddr, port), server);
    accept?.(port);
  });
}

function listenPath({
  connection,
  listeners,
  accept,
  reject,
  info,
}: ListenRequest<SocketBindInfo>): void {
  const server = createServer((socket) => {
    connection.openssh_forwardOutStreamLocal(info.socketPath, (error, channel) => {
      if (error) socket.destroy();
      else join(socket, channel);
    });
  });
  server.once("error", () => reject?.());
  server.once("close", () => {
    rmSync(info.socketPath, { force: true });
  });
  server.listen(info.socketPath, () => {
    listeners.set(info.socketPath, server);
    accept?.();
  });
}

function stopListening(
  listeners: Map<string, Server>,
  key: string,
  accept: Accept,
  reject: Reject,
): void {
  const server = listeners.get(key);
  if (server === undefined) {
    reject?.();
    return;
  }
  listeners.delete(key);
  server.close();
  accept?.();
}

function joinOutgoing(socket: Socket, accept: () => ServerChannel, reject: () => void): void {
  socket.once("error", reject);
  socket.once("connect", () => {
    socket.off("error", reject);
    join(socket, accept());
  });
}

/** A half-closed connection stays half open: the protocol that it carries may need that. */
function join(socket: Socket, channel: NodeJS.ReadWriteStream & { destroy(): unknown }): void {
  socket.allowHalfOpen = true;
  socket.on("error", () => channel.end());
  channel.on("error", () => socket.destroy());
  channel.on("close", () => socket.destroy());
  socket.pipe(channel).pipe(socket);
}

function boundPort(server: Server): number {
  const address = server.address();
  return address !== null && typeof address === "object" ? address.port : 0;
}

function tcpKey(address: string, port: number): string {
  return `${address}:${String(port)}`;
}
