import { createServer, type Server as NetServer } from "node:net";
import ssh2, { type Connection, type ServerConfig } from "ssh2";
import { Minute, Second, systemClock } from "../platform/clock.ts";
import { serveForwarding } from "./forwarding.ts";
import { createLeaseWarnings, readLeaseEnd } from "./lease.ts";
import { decideLogin, readLoginKeys } from "./loginKeys.ts";
import { createLoginLimits, LOGIN_LIMITS, type LoginLimits } from "./loginLimits.ts";
import type { PodSettings } from "./podSettings.ts";
import { disconnect, prepareConnection, socketOf } from "./protocol.ts";
import { serveSession } from "./session.ts";
import type { Terminal } from "./terminal.ts";

export interface SshServer {
  /** Tells every client why the server ends. */
  close(): Promise<void>;
}

/** More keys than any agent holds; bounds the work that one client can cause. */
const MAX_AUTH_TRIES = 100;
/**
 * Detects a client that has vanished, but keeps the connection of a client that was suspended for a
 * while.
 */
const KEEP_ALIVE_MS = Minute.ms;
/** How often the Secret is read for removed keys and the end of the lease. */
const SECRET_PERIOD_MS = 5 * Second.ms;
/**
 * Starts with OpenSSH's own name. OpenSSH's client reports that nobody reads a program's output
 * (`ssh HOST yes | head -1`) only to a server of that name.
 */
const VERSION = "OpenSSH_9.9 gpu-dev";

/**
 * Named, because the library's defaults include SHA-1 and a group exchange that it does not
 * implement for servers. The library has no post-quantum key exchange.
 */
const ALGORITHMS: NonNullable<ServerConfig["algorithms"]> = {
  kex: [
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group14-sha256",
  ],
  serverHostKey: ["ssh-ed25519"],
  cipher: [
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
  ],
  hmac: [
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
  ],
  compress: ["none"],
};

/** The library accepts packets of up to 35,000 bytes; only a command can be longer. */
const TOO_LONG = "A command is too long: this server accepts 32 KiB, and other servers 128 KiB";

interface ServerState {
  readonly settings: PodSettings;
  readonly limits: LoginLimits;
  /** The connections that are logged in, with the key of each. */
  readonly logins: Map<Connection, string>;
  readonly terminals: Set<Terminal>;
}

/** Listens for SSH as the contract describes; throws an Error when the address is taken. */
export async function startSshServer(
  settings: PodSettings,
  limitOptions = LOGIN_LIMITS,
): Promise<SshServer> {
  const limits = createLoginLimits(limitOptions);
  const state: ServerState = { settings, limits, logins: new Map(), terminals: new Set() };
  const connections = new Set<Connection>();
  const config = { hostKeys: [settings.hostKey], ident: VERSION, algorithms: ALGORITHMS };
  const ssh = new ssh2.Server(config, (connection, info) => {
    connections.add(connection);
    connection.on("close", () => connections.delete(connection));
    const peer = `${info.ip} ${String(info.port)}`;
    serveConnection(connection, state, {
      SSH_CLIENT: `${peer} ${String(settings.port)}`,
      SSH_CONNECTION: `${peer} ${settings.address} ${String(settings.port)}`,
    });
  });
  const net = createServer((socket) => {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    limits.admit(socket);
    if (!socket.destroyed) ssh.injectSocket(socket);
  });
  await listen(net, settings);
  const watch = watchSecret(state);
  watch();
  const timer = setInterval(watch, SECRET_PERIOD_MS);
  return {
    close: () =>
      new Promise((resolve) => {
        clearInterval(timer);
        net.close(() => {
          resolve();
        });
        const end = readLeaseEnd(settings.expiresFile);
        const reason = settings.texts.ended(end, systemClock.now());
        for (const connection of connections) disconnect(connection, reason);
      }),
  };
}

function serveConnection(
  connection: Connection,
  { settings, limits, logins, terminals }: ServerState,
  variables: Record<string, string>,
): void {
  const socket = socketOf(connection);
  prepareConnection(connection);
  // One listener for each forward and session.
  connection.setMaxListeners(0);
  connection.on("error", ({ message }: Error) => {
    // Other errors need no reason: the client has disconnected, or violated the protocol.
    if (message === "Bad packet length") disconnect(connection, TOO_LONG);
    else socket.destroySoon();
  });
  connection.once("handshake", () => {
    limits.startLogin(socket);
  });
  let tries = 0;
  connection.on("authentication", (context) => {
    tries += 1;
    if (tries > MAX_AUTH_TRIES) {
      disconnect(connection, "Too many authentication failures");
      return;
    }
    try {
      const key = decideLogin(context, settings.user, readLoginKeys(settings.authorizedKeysFile));
      if (key === undefined) return;
      logins.set(connection, key);
      context.accept();
    } catch (error) {
      process.stderr.write(`A login cannot be checked: ${String(error)}\n`);
      disconnect(connection, "This server cannot check logins at the moment");
    }
  });
  connection.once("close", () => logins.delete(connection));
  connection.once("ready", () => {
    limits.finish(socket);
    connection.on("session", (accept) => {
      serveSession(accept(), { settings, variables, terminals });
    });
    serveForwarding(connection);
  });
}

/**
 * Closes the connections whose key is removed, and warns terminals of the end of the lease. A file
 * that cannot be read closes no connection.
 */
function watchSecret({ settings, logins, terminals }: ServerState): () => void {
  const warnings = createLeaseWarnings();
  return () => {
    const end = readLeaseEnd(settings.expiresFile);
    const now = systemClock.now();
    if (warnings.isDue(end, now) && end !== undefined) {
      for (const terminal of terminals) {
        terminal.notify(`\r\n\r\n${settings.texts.warning(end, now)}\r\n`);
      }
    }
    if (logins.size === 0) return;
    try {
      const keys = readLoginKeys(settings.authorizedKeysFile);
      for (const [connection, key] of logins) {
        if (!keys.has(key)) disconnect(connection, settings.texts.keyRemoved);
      }
    } catch (error) {
      process.stderr.write(
        `authorized_keys cannot be read; open sessions continue: ${String(error)}\n`,
      );
    }
  };
}

function listen(net: NetServer, { address, port }: PodSettings): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: Error): void => {
      reject(
        new Error(`The SSH server can't listen on ${address}:${String(port)}. Free that address.`, {
          cause,
        }),
      );
    };
    net.once("error", refuse);
    net.listen(port, address, () => {
      net.off("error", refuse);
      // For example no free file descriptor: the next connection may succeed.
      net.on("error", (error) => {
        process.stderr.write(`A connection cannot be accepted: ${error.message}\n`);
      });
      resolve();
    });
  });
}
