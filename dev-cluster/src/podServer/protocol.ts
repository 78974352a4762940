/**
 * Functions that the library (ssh2 1.17) implements but does not export. Only this file uses its
 * internals; the conduct suite (test/integration/sshConduct) covers each function.
 */
import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { Connection } from "ssh2";

/**
 * Emitted by a channel whose client no longer reads its output, as with `ssh HOST yes | head -1`.
 */
export const OUTPUT_REFUSED = "output-refused";

/** RFC 4253, section 11.1: SSH_DISCONNECT_BY_APPLICATION. */
const BY_APPLICATION = 11;
const DISCONNECT = 1;
const EXT_INFO = 7;

/**
 * Signatures that may log in, for the client's choice of an algorithm. The library's own list has a
 * missing comma and includes SHA-1.
 */
const SIGNATURE_ALGORITHMS = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-256",
  "rsa-sha2-512",
];

/** Prepares a connection, before its client has sent anything but its version. */
export function prepareConnection(connection: Connection): void {
  const { _protocol: protocol, _chanMgr: channels } = internals(connection);
  const handle = protocol._handlers["CHANNEL_REQUEST"];
  protocol._handlers["CHANNEL_REQUEST"] = (self, recipient, type, ...rest) => {
    if (type === "eow@openssh.com") {
      const entry = channels.get(recipient as number);
      const target = typeof entry === "object" ? (entry._channel ?? entry) : undefined;
      target?.emit(OUTPUT_REFUSED);
    } else {
      handle?.(self, recipient, type, ...rest);
    }
  };
  const complete = protocol._onHandshakeComplete;
  let isFirst = true;
  protocol._onHandshakeComplete = (...args) => {
    const wantsList = isFirst && protocol._kex.remoteExtInfoEnabled;
    isFirst = false;
    // The library would send its own list.
    protocol._kex.remoteExtInfoEnabled = false;
    complete(...args);
    if (wantsList) send(protocol, signatureList(), false);
  };
}

/** Ends a connection with a text that OpenSSH's client shows to its user. */
export function disconnect(connection: Connection, reason: string): void {
  const { _protocol: protocol, _sock: socket } = internals(connection);
  if (socket.writable) {
    const text = Buffer.from(reason);
    const payload = Buffer.concat([
      Buffer.from([DISCONNECT]),
      uint32(BY_APPLICATION),
      uint32(text.length),
      text,
      uint32(0),
    ]);
    send(protocol, payload, true);
  }
  socket.destroySoon();
}

export function socketOf(connection: Connection): Socket {
  return internals(connection)._sock;
}

/** Refuses a channel with a text, which OpenSSH's client shows; the library sends none. */
export function rejectChannel(connection: Connection, reject: () => void, reason: string): void {
  const { _protocol: protocol } = internals(connection);
  const send = protocol.channelOpenFail.bind(protocol);
  protocol.channelOpenFail = (recipient, code) => {
    send(recipient, code, reason);
  };
  try {
    reject();
  } finally {
    protocol.channelOpenFail = send;
  }
}

/** Reports a successful end of a channel, whose type has no such method. */
export function sendExitStatus(channel: object, code: number): void {
  const { _protocol: protocol, outgoing } = channel as ChannelInternals;
  if (outgoing.state === "open") protocol.exitStatus(outgoing.id, code);
}

type Handler = (self: unknown, ...args: unknown[]) => void;

interface Protocol {
  readonly _handlers: Record<string, Handler | undefined>;
  readonly _kex: { remoteExtInfoEnabled: boolean };
  readonly _packetRW: {
    readonly write: {
      readonly allocStart: number;
      readonly allocStartKEX: number;
      alloc(size: number, isDirect: boolean): Buffer;
      finalize(packet: Buffer, isDirect: boolean): Buffer;
    };
  };
  readonly _cipher: { encrypt(packet: Buffer): void };
  _onHandshakeComplete: (...args: unknown[]) => void;
  channelOpenFail(recipient: number, code: number, text?: string): void;
  exitStatus(channel: number, code: number): void;
}

interface ConnectionInternals {
  readonly _protocol: Protocol;
  readonly _sock: Socket;
  readonly _chanMgr: { get(id: number): (EventEmitter & { _channel?: EventEmitter }) | undefined };
}

interface ChannelInternals {
  readonly _protocol: Protocol;
  readonly outgoing: { readonly id: number; readonly state: string };
}

function internals(connection: Connection): ConnectionInternals {
  return connection as unknown as ConnectionInternals;
}

function signatureList(): Buffer {
  const name = Buffer.from("server-sig-algs");
  const list = Buffer.from(SIGNATURE_ALGORITHMS.join());
  const head = [Buffer.from([EXT_INFO]), uint32(1), uint32(name.length), name];
  return Buffer.concat([...head, uint32(list.length), list]);
}

/** Sends a packet; a direct one is sent even during a key exchange. */
function send({ _packetRW, _cipher }: Protocol, payload: Buffer, isDirect: boolean): void {
  const { write } = _packetRW;
  const start = isDirect ? write.allocStartKEX : write.allocStart;
  const packet = write.alloc(payload.length, isDirect);
  packet.set(payload, start);
  _cipher.encrypt(write.finalize(packet, isDirect));
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
