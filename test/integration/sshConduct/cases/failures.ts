import { randomBytes } from "node:crypto";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { Second } from "@gpu-dev/shared/durations.ts";
import { Client } from "ssh2";
import { runClient, ssh, sshOptions, TARGET } from "../../../support/sshClient.ts";
import { waitFor } from "../../../support/waitFor.ts";
import { HANG_MS, type ConductCase } from "../conductCase.ts";
import type { SshServerUnderTest } from "../serverUnderTest.ts";

/** More than the servers allow to be without a login at one time. */
const IDLE_CONNECTIONS = 200;
const MAX_UNAUTHENTICATED = 128;

/** What ends only the request, the forward or the connection that it belongs to. */
export const FAILURE_CASES: readonly ConductCase[] = [
  {
    name: "-W: the client's early end of output closes the forward",
    expected: { code: 0, stdout: "first", closed: true },
    observe: async (server) => {
      const source = createServer((socket) => {
        socket.on("error", () => undefined);
        const write = (): void => {
          while (socket.writable && socket.write("first line\n".repeat(1_000)));
        };
        socket.on("drain", write);
        write();
      });
      source.listen(0, "127.0.0.1");
      await once(source, "listening");
      const target = `127.0.0.1:${String((source.address() as AddressInfo).port)}`;
      const line = ["ssh", ...sshOptions(server), "-W", target, TARGET].join(" ");
      const args = ["-c", `${line} < /dev/null | head -c 5`];
      const { code, stdout } = await runClient("bash", args, { timeoutMs: HANG_MS });
      const closed = await waitFor(
        () =>
          new Promise<boolean>((resolve) => {
            source.getConnections((_error, count) => {
              resolve(count === 0);
            });
          }),
        { describe: "the end of the forward", timeoutMs: HANG_MS },
      ).catch(() => false);
      source.close();
      return { code: code ?? "timed out", stdout, closed };
    },
    ownServer: true,
  },
  {
    name: "-R: a socket replaced by a file leaves the file alone",
    expected: "kept\n",
    observe: async (server) => {
      const path = join(server.workspace, "kept.sock");
      await ssh(server, ["-R", `${path}:/tmp/x`, `rm ${path}; echo kept > ${path}`]);
      await ssh(server, ["true"]);
      return existsSync(path) ? readFileSync(path, "utf8") : "removed";
    },
  },
  {
    name: "-R: an existing file is refused and kept",
    expected: { code: 255, refused: true, content: "mine" },
    observe: async (server) => {
      const path = join(server.workspace, "mine");
      writeFileSync(path, "mine");
      const options = ["-N", "-o", "ExitOnForwardFailure=yes", "-R", `${path}:/tmp/x`];
      const { code, stderr } = await runClient("ssh", [...sshOptions(server), ...options, TARGET]);
      const refused = stderr.includes("remote port forwarding failed");
      return { code: code ?? "timed out", refused, content: readFileSync(path, "utf8") };
    },
  },
  {
    name: "forwards that fail leave the session alone",
    expected: { stdout: "still here\n", code: 0, failed: ["folder", "fifo", "missing"] },
    observe: async (server) => {
      const folder = join(server.workspace, "forward-folder");
      mkdirSync(folder);
      const fifo = join(server.workspace, "forward-fifo");
      execFileSync("mkfifo", [fifo]);
      const missing = join(server.workspace, "no/such/socket");
      const paths = [missing, "/proc/self/socket", folder, fifo];
      const forwards = paths.flatMap((path) => ["-R", `${path}:/tmp/x`]);
      const { code, stdout } = await ssh(server, [...forwards, "echo still here"]);
      const client = await connectClient(server);
      const failed = [];
      for (const [name, path] of Object.entries({ folder, fifo, missing })) {
        const error = await new Promise((resolve) => {
          client.openssh_forwardOutStreamLocal(path, resolve);
        });
        if (error !== undefined) failed.push(name);
      }
      client.destroy();
      return { stdout, code, failed };
    },
  },
  {
    name: "requests with impossible values leave the server running",
    expected: { alive: true, login: 0 },
    observe: async (server) => {
      const client = await connectClient(server);
      const failed = (run: (done: () => void) => unknown) =>
        new Promise<void>((resolve) => run(resolve));
      await failed((done) => client.forwardIn("127.0.0.1", 70_000, done));
      await failed((done) => client.forwardOut("127.0.0.1", 1, "127.0.0.1", 70_000, done));
      await failed((done) => client.openssh_forwardOutStreamLocal("", done));
      await failed((done) => client.openssh_forwardOutStreamLocal("a\0b", done));
      await failed((done) => client.openssh_forwardInStreamLocal("", done));
      await failed((done) => client.exec("a\0b", done));
      const pty = { cols: 100_000, rows: 0, term: "a\0b", modes: {} };
      await failed((done) => client.exec("true", { pty, env: { LANG: "a\0b" } }, done));
      client.destroy();
      return isAlive(server);
    },
    ownServer: true,
  },
  {
    name: "malformed packets end only their own connection",
    expected: { alive: true, login: 0 },
    observe: async (server) => {
      const packet = (payload: Buffer): Buffer => {
        const padding = 16 - ((payload.length + 5) % 8);
        const head = Buffer.alloc(5);
        head.writeUInt32BE(payload.length + padding + 1);
        head[4] = padding;
        return Buffer.concat([head, payload, Buffer.alloc(padding)]);
      };
      const lists = Buffer.alloc(40, 0xff);
      const attacks = [
        randomBytes(4_000),
        Buffer.from("SSH-2.0-x\r\n"),
        Buffer.concat([Buffer.from("SSH-2.0-x\r\n"), randomBytes(40_000)]),
        Buffer.concat([Buffer.from("SSH-2.0-x\r\n"), packet(Buffer.from([20]))]),
        Buffer.concat([
          Buffer.from("SSH-2.0-x\r\n"),
          packet(Buffer.concat([Buffer.from([20]), lists])),
        ]),
        Buffer.concat([Buffer.from("SSH-2.0-x\r\n"), packet(Buffer.from([90, 0, 0]))]),
      ];
      for (const attack of attacks) {
        const socket = await open(server);
        socket.end(attack);
        await waitFor(() => socket.destroyed, { describe: "the end" }).catch(() => undefined);
        socket.destroy();
      }
      return isAlive(server);
    },
    ownServer: true,
  },
  {
    name: "clients that vanish during output leave the server running",
    expected: { alive: true, login: 0 },
    observe: async (server) => {
      for (const pty of [false, true]) {
        for (const end of ["destroy", "end", "resetAndDestroy"] as const) {
          const client = await connectClient(server);
          const socket = (client as unknown as { _sock: Socket })._sock;
          await new Promise<void>((resolve) => {
            client.exec("yes; yes >&2", { pty }, (_error, channel) => {
              channel.once("data", () => {
                socket.pause();
                socket[end]();
                resolve();
              });
            });
          });
          await ssh(server, ["true"]);
          client.destroy();
        }
      }
      return isAlive(server);
    },
    ownServer: true,
  },
  {
    name: "connections without a login are limited in number",
    expected: { limited: true, login: 0 },
    observe: async (server) => {
      const sockets = await Promise.all(
        Array.from({ length: IDLE_CONNECTIONS }, () => open(server)),
      );
      const remaining = () => sockets.filter(({ destroyed }) => !destroyed).length;
      const limited = await waitFor(() => remaining() <= MAX_UNAUTHENTICATED, {
        describe: "the limit",
        timeoutMs: 5 * Second.ms,
      }).catch(() => false);
      for (const socket of sockets) socket.destroy();
      const login = await waitFor(
        async () => ((await ssh(server, ["true"])).code === 0 ? "logged in" : undefined),
        { describe: "a login" },
      ).catch(() => undefined);
      return { limited, login: login === undefined ? 255 : 0 };
    },
    ownServer: true,
  },
];

async function isAlive(server: SshServerUnderTest) {
  const { code } = await ssh(server, ["true"]);
  return { alive: server.isRunning(), login: code };
}

async function open(server: SshServerUnderTest): Promise<Socket> {
  const socket = connect(server.port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.resume();
  await Promise.race([once(socket, "connect"), once(socket, "close")]);
  return socket;
}

async function connectClient(server: SshServerUnderTest): Promise<Client> {
  const client = new Client();
  client.on("error", () => undefined);
  const ready = once(client, "ready");
  const privateKey = readFileSync(server.key);
  client.connect({ host: "127.0.0.1", port: server.port, username: "dev", privateKey });
  await ready;
  return client;
}
