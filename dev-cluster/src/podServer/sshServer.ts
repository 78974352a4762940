import { createServer } from "node:net";
import type { Server as NetServer } from "node:net";
import ssh2 from "ssh2";
import type { AuthContext, Connection } from "ssh2";
import { findAuthorizedKey } from "./authorizedKeys.ts";
import { serveForwarding } from "./forwarding.ts";
import type { PodSettings } from "./podSettings.ts";
import { serveSession } from "./session.ts";

export interface SshServer {
  close(): Promise<void>;
}

/** More than any agent holds keys; a bound, so that a client can't keep us checking for ever. */
const MAX_AUTH_TRIES = 100;
/** Notices a client that vanished, without dropping one that slept through lunch. */
const KEEP_ALIVE_MILLIS = 60_000;

/** Listens for SSH as the contract says; throws an Error when the address is taken. */
export async function startSshServer(settings: PodSettings): Promise<SshServer> {
  const connections = new Set<Connection>();
  const ssh = new ssh2.Server(
    { hostKeys: [settings.hostKey], ident: "gpu-dev" },
    (connection, info) => {
      connections.add(connection);
      connection.on("close", () => connections.delete(connection));
      const peer = `${info.ip} ${String(info.port)}`;
      serveConnection(connection, settings, {
        SSH_CLIENT: `${peer} ${String(settings.port)}`,
        SSH_CONNECTION: `${peer} ${settings.address} ${String(settings.port)}`,
      });
    },
  );
  const net = createServer((socket) => {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MILLIS);
    ssh.injectSocket(socket);
  });
  await listen(net, settings);
  return {
    close: () =>
      new Promise((resolve) => {
        net.close(() => {
          resolve();
        });
        for (const connection of connections) connection.end();
      }),
  };
}

function serveConnection(
  connection: Connection,
  settings: PodSettings,
  variables: Record<string, string>,
): void {
  let tries = 0;
  // A client that goes away in the middle is no event for the pod.
  connection.on("error", () => connection.end());
  connection.on("authentication", (context) => {
    tries += 1;
    if (tries > MAX_AUTH_TRIES) {
      connection.end();
      return;
    }
    decide(context, settings).catch((error: unknown) => {
      process.stderr.write(`A login could not be checked: ${String(error)}\n`);
      context.reject(["publickey"]);
    });
  });
  connection.once("ready", () => {
    connection.on("session", (accept) => {
      serveSession(accept(), settings, variables);
    });
    serveForwarding(connection);
  });
}

async function decide(context: AuthContext, settings: PodSettings): Promise<void> {
  const rightUser = settings.user === undefined || context.username === settings.user;
  if (context.method !== "publickey" || !rightUser) {
    context.reject(["publickey"]);
    return;
  }
  const key = await findAuthorizedKey(settings.authorizedKeysFile, context.key.data);
  const { signature, blob, hashAlgo } = context;
  // Without a signature the client only asks whether the key would do.
  const allowed =
    key !== undefined &&
    (signature === undefined || (blob !== undefined && key.verify(blob, signature, hashAlgo)));
  if (allowed) context.accept();
  else context.reject(["publickey"]);
}

function listen(net: NetServer, { address, port }: PodSettings): Promise<void> {
  return new Promise((resolve, reject) => {
    net.once("error", (cause) => {
      reject(
        new Error(`The SSH server can't listen on ${address}:${String(port)}. Free that address.`, {
          cause,
        }),
      );
    });
    net.listen(port, address, resolve);
  });
}
