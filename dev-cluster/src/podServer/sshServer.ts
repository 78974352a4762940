import { readFile } from "node:fs/promises";
import { createServer, type Server as NetServer } from "node:net";
import ssh2, { type AuthContext, type Connection, type ParsedKey } from "ssh2";
import { Minute } from "../platform/clock.ts";
import { serveForwarding } from "./forwarding.ts";
import type { PodSettings } from "./podSettings.ts";
import { serveSession } from "./session.ts";

export interface SshServer {
  close(): Promise<void>;
}

/** More keys than any agent holds; bounds the work that one client can cause. */
const MAX_AUTH_TRIES = 100;
/**
 * Detects a client that vanished, but keeps the connection of one that was suspended for a while.
 */
const KEEP_ALIVE_MS = Minute.ms;
const KEY_TYPE = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521))$/;

/** Listens for SSH as the contract describes; throws an Error when the address is taken. */
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
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
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
  // A client that disconnects early is not an error of the pod.
  connection.on("error", () => connection.end());
  connection.on("authentication", (context) => {
    tries += 1;
    if (tries > MAX_AUTH_TRIES) {
      connection.end();
      return;
    }
    decide(context, settings).catch((error: unknown) => {
      process.stderr.write(`Login check failed: ${String(error)}\n`);
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
  // Without a signature, the client only asks whether the server would accept the key.
  const allowed =
    key !== undefined &&
    (signature === undefined || (blob !== undefined && key.verify(blob, signature, hashAlgo)));
  if (allowed) context.accept();
  else context.reject(["publickey"]);
}

/**
 * The key of the file that equals the offered one, or undefined. The file is read at each call, so
 * that a removed key stops working immediately. Lines with options in front are skipped: a key
 * whose restrictions this server cannot enforce must not log in.
 */
async function findAuthorizedKey(file: string, offered: Buffer): Promise<ParsedKey | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  for (const line of text.split(/\r?\n/)) {
    const [type, blob] = line.trim().split(/\s+/);
    if (type === undefined || blob === undefined || !KEY_TYPE.test(type)) continue;
    if (!Buffer.from(blob, "base64").equals(offered)) continue;
    const key: ParsedKey | Error = ssh2.utils.parseKey(`${type} ${blob}`);
    if (!(key instanceof Error)) return key;
  }
  return undefined;
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
