import { existsSync, statSync } from "node:fs";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { freePort } from "../../../support/freePort.ts";
import {
  fetchFrom,
  fetchThroughSocks,
  openProgram,
  openSsh,
  runClient,
  ssh,
  sshOptions,
  TARGET,
} from "../../../support/sshClient.ts";
import { waitFor } from "../../../support/waitFor.ts";
import { startWeb, type Web } from "../../../support/webServer.ts";
import type { ConductCase } from "../conductCase.ts";
import type { SshServerUnderTest } from "../serverUnderTest.ts";

/** Forwarding in both directions, to ports and to UNIX sockets. */
export const FORWARD_CASES: readonly ConductCase[] = [
  {
    name: "-L: to a port, to a name and to a UNIX socket",
    expected: ["from the port", "from the port", "from the socket"],
    observe: (server) =>
      withWeb(server, async (web) => {
        const ports = [await freePort(), await freePort(), await freePort()];
        const targets = [
          `127.0.0.1:${String(web.port)}`,
          `localhost:${String(web.port)}`,
          join(server.workspace, "web.sock"),
        ];
        const forwards = ports.flatMap((port, index) => [
          "-L",
          `${String(port)}:${targets[index] ?? ""}`,
        ]);
        const client = openSsh(server, ["-N", ...forwards, TARGET]);
        const texts = [];
        for (const port of ports) texts.push(await fetchFrom(port));
        await client.close();
        return texts;
      }),
  },
  {
    name: "-D: a SOCKS proxy while a script is piped into a shell, as Remote-SSH does",
    expected: { web: true, code: 5, stdout: "script\n" },
    observe: (server) =>
      withWeb(server, async (web) => {
        const socks = await freePort();
        const stop = join(server.workspace, "stop");
        const input = `echo script\nwhile [ ! -e ${stop} ]; do sleep 0.05; done\nexit 5\n`;
        const session = ssh(server, ["-T", "-D", String(socks), "bash"], { input });
        const text = await fetchThroughSocks(socks, web.port);
        await ssh(server, [`touch ${stop}`]);
        const { code, stdout } = await session;
        return { web: text.endsWith("from the port"), code, stdout };
      }),
  },
  {
    name: "-W: a connection stays half open until both sides have ended",
    expected: { code: 0, stdout: "received 4 bytes" },
    observe: async (server) => {
      const echo = createServer({ allowHalfOpen: true }, (socket) => {
        let count = 0;
        socket.on("data", (chunk) => (count += chunk.length));
        socket.on("end", () => socket.end(`received ${String(count)} bytes`));
      });
      echo.listen(0, "127.0.0.1");
      await once(echo, "listening");
      const target = `127.0.0.1:${String((echo.address() as AddressInfo).port)}`;
      const args = [...sshOptions(server), "-W", target, TARGET];
      const { code, stdout } = await runClient("ssh", args, { input: "ping" });
      echo.close();
      return { code: code ?? "timed out", stdout };
    },
  },
  {
    name: "-W: a refused connection is reported with its reason",
    expected: { code: 255, message: "connect failed", reason: true },
    observe: async (server) => {
      const target = `127.0.0.1:${String(await freePort())}`;
      const args = ["-o", "LogLevel=INFO", ...sshOptions(server), "-W", target, TARGET];
      const { code, stderr } = await runClient("ssh", args);
      const message = /open failed: ([^:\r\n]*)/.exec(stderr)?.[1];
      return { code: code ?? "timed out", message, reason: /connection refused/i.test(stderr) };
    },
  },
  {
    name: "-R: from a given port, and from one that the server chooses",
    expected: ["from the port", "from the port"],
    observe: (server) =>
      withWeb(server, async (web) => {
        const port = await freePort();
        const target = `127.0.0.1:${String(web.port)}`;
        const forwards = ["-R", `${String(port)}:${target}`, "-R", `0:${target}`];
        const client = openSsh(server, ["-v", "-N", ...forwards, TARGET]);
        const texts = [await fetchFrom(port)];
        const chosen = await waitFor(
          () => /Allocated port (\d+) for remote forward/.exec(client.output())?.[1],
          { describe: "the port that the server chose" },
        );
        texts.push(await fetchFrom(Number(chosen)));
        await client.close();
        return texts;
      }),
  },
  {
    name: "-R: listens on both loopback addresses",
    expected: { ipv4: "from the port", ipv6: "from the port" },
    observe: (server) =>
      withWeb(server, async (web) => {
        const port = await freePort();
        const target = `127.0.0.1:${String(web.port)}`;
        const client = openSsh(server, ["-N", "-R", `${String(port)}:${target}`, TARGET]);
        const ipv4 = await fetchFrom(port);
        const ipv6 = await fetchText(`http://[::1]:${String(port)}/`);
        await client.close();
        return { ipv4, ipv6 };
      }),
  },
  {
    name: "-R: listens on loopback only, whatever address the client requests",
    expected: { loopback: "from the port", other: "refused" },
    observe: (server) =>
      withWeb(server, async (web) => {
        const port = await freePort();
        const forward = `0.0.0.0:${String(port)}:127.0.0.1:${String(web.port)}`;
        const client = openSsh(server, ["-N", "-R", forward, TARGET]);
        const loopback = await fetchFrom(port);
        const other = await fetchText(`http://127.0.0.2:${String(port)}/`);
        await client.close();
        return { loopback, other };
      }),
  },
  {
    name: "-R: a port that is in use is refused",
    expected: { code: 255, refused: true },
    observe: (server) =>
      withWeb(server, async (web) => {
        const options = ["-N", "-o", "ExitOnForwardFailure=yes"];
        const forward = `${String(web.port)}:127.0.0.1:${String(web.port)}`;
        const args = [...sshOptions(server), ...options, "-R", forward, TARGET];
        const { code, stderr } = await runClient("ssh", args);
        const refused = stderr.includes("remote port forwarding failed");
        return { code: code ?? "timed out", refused };
      }),
  },
  {
    name: "-R: a UNIX socket is private, and removed with the client",
    expected: { mode: 0o600, text: "from the port", removed: true },
    observe: (server) =>
      withWeb(server, async (web) => {
        const path = join(server.workspace, "back.sock");
        const forward = `${path}:127.0.0.1:${String(web.port)}`;
        const client = openSsh(server, ["-N", "-R", forward, TARGET]);
        await waitFor(() => existsSync(path), { describe: "the socket" });
        const mode = statSync(path).mode & 0o777;
        const { stdout } = await runClient("curl", ["-s", "--unix-socket", path, "http://x/"]);
        await client.close();
        const removed = await waitFor(() => !existsSync(path), { describe: "its removal" }).catch(
          () => false,
        );
        return { mode, text: stdout, removed };
      }),
  },
  {
    name: "-R: a socket replaced by a directory does no harm",
    expected: { alive: true, login: 0 },
    observe: async (server) => {
      const path = join(server.workspace, "s.sock");
      const command = `rm ${path}; mkdir ${path}`;
      await ssh(server, ["-R", `${path}:/tmp/x`, command]);
      const { code } = await ssh(server, ["true"]);
      return { alive: server.isRunning(), login: code };
    },
    ownServer: true,
  },
  {
    name: "-A: programs use the client's agent",
    expected: true,
    observe: async (server) => {
      const path = join(server.folder, "agent");
      const agent = openProgram("ssh-agent", ["-D", "-a", path]);
      try {
        await waitFor(() => existsSync(path), { describe: "the agent" });
        const env = { SSH_AUTH_SOCK: path };
        await runClient("ssh-add", ["-q", server.key], { env });
        const { stdout } = await ssh(server, ["-A", "ssh-add -L"], { env });
        return stdout.startsWith("ssh-ed25519 ");
      } finally {
        await agent.close();
      }
    },
  },
];

async function withWeb<T>(server: SshServerUnderTest, use: (web: Web) => Promise<T>): Promise<T> {
  const web = await startWeb(server.workspace);
  try {
    return await use(web);
  } finally {
    await web.stop();
  }
}

async function fetchText(url: string): Promise<string> {
  try {
    return await (await fetch(url)).text();
  } catch {
    return "refused";
  }
}
