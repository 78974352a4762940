import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Client, type ClientChannel } from "ssh2";
import { openSsh, runClient, ssh, sshOptions, TARGET } from "../../../support/sshClient.ts";
import { waitFor } from "../../../support/waitFor.ts";
import { HANG_MS, outcomeOf, withTimeout, type ConductCase } from "../conductCase.ts";
import type { SshServerUnderTest } from "../serverUnderTest.ts";

/** Commands without a terminal. */
export const SESSION_CASES: readonly ConductCase[] = [
  {
    name: "exec: output, errors and the exit code are separate",
    expected: { code: 7, stdout: "WORKSPACE\nHOME\n", stderr: "wrong\n" },
    observe: async (server) =>
      outcomeOf(server, await ssh(server, ['pwd; echo "$HOME"; echo wrong >&2; exit 7'])),
  },
  {
    name: "exec: a program that does not exist ends with 127",
    expected: 127,
    observe: async (server) => (await ssh(server, ["/no/such/program"])).code,
  },
  {
    name: "exec: the end by a signal is reported",
    expected: { code: 255, request: "exit-signal" },
    observe: async (server) => {
      const options = ["-o", "LogLevel=DEBUG1", ...sshOptions(server)];
      const { code, stderr } = await runClient("ssh", [...options, TARGET, "kill -TERM $$"]);
      return { code, request: /rtype (exit-\w+)/.exec(stderr)?.[1] };
    },
  },
  {
    name: "exec: a signal from the client reaches the program",
    expected: { stdout: "ready\ngot it\n", code: 4 },
    observe: (server) =>
      withChannel(server, SIGNAL_SCRIPT, async (channel, output) => {
        await waitFor(() => output().includes("ready"), { describe: "ready" });
        channel.signal("INT");
      }),
  },
  {
    name: "exec: the end of input reaches the program",
    expected: { code: 0, stdout: "input and its end\n", stderr: "" },
    observe: async (server) =>
      outcomeOf(server, await ssh(server, ["cat; echo and its end"], { input: "input " })),
  },
  {
    name: "exec: large binary input, output and errors arrive complete",
    expected: { stdout: 8_000_008, stderr: 8_000_000 },
    observe: async (server) => {
      const zeros = "head -c 8000000 /dev/zero";
      const input = "x".repeat(3_000_000);
      const output = await ssh(server, [`wc -c; ${zeros}; ${zeros} >&2`], { input });
      return { stdout: output.stdout.length, stderr: output.stderr.length };
    },
  },
  {
    name: "exec: ends when no process holds its output",
    expected: { code: 0, stdout: "early\nlate\n", stderr: "" },
    observe: async (server) =>
      outcomeOf(server, await ssh(server, ["(sleep 0.3; echo late) & echo early"])),
  },
  {
    name: "exec: the client's early end of output ends the program",
    expected: { code: 0, stdout: "y\n", stderr: "", running: false },
    observe: async (server) => {
      const line = ["ssh", ...sshOptions(server), TARGET, "'exec yes'"].join(" ");
      const options = { timeoutMs: HANG_MS };
      const output = await runClient("bash", ["-c", `${line} | head -1`], options);
      const ended = await waitFor(() => !server.hasProcess("yes"), {
        describe: "the end of yes",
      }).catch(() => false);
      return { ...outcomeOf(server, output), running: !ended };
    },
  },
  {
    name: "exec: an empty command runs the shell without a command",
    expected: { stdout: "", code: 0 },
    observe: (server) => withChannel(server, "", () => Promise.resolve()),
  },
  {
    name: "exec: a command over 128 KiB is refused with a reason",
    expected: { code: 127, reason: true, alive: true },
    observe: async (server) => {
      // Each argument of the client has the same limit as the command of the server.
      const half = "x".repeat(70_000);
      const args = [...sshOptions(server), TARGET, ":", half, half];
      const output = await runClient("ssh", args);
      const { code, stderr } = outcomeOf(server, output);
      return { code, reason: /too long/i.test(stderr), alive: server.isRunning() };
    },
    ownServer: true,
  },
  {
    name: "exec: a disconnect ends no program without a terminal",
    expected: true,
    observe: async (server) => {
      const client = openSsh(server, [TARGET, "exec sleep 1234"]);
      await waitFor(() => server.hasProcess("sleep 1234"), { describe: "the program" });
      await client.close();
      await ssh(server, ["true"]);
      return server.hasProcess("sleep 1234");
    },
  },
  {
    name: "exec: one connection carries 24 sessions at once",
    expected: Array.from({ length: 24 }, (_, number) => `to ${String(number)} ${String(number)}`),
    observe: async (server) => {
      const path = join(server.folder, "master");
      const master = openSsh(server, ["-M", "-N", "-S", path, TARGET]);
      await waitFor(() => existsSync(path), { describe: "the master's socket" });
      const run = async (number: number): Promise<string> => {
        const command = `cat; echo ${String(number)}; exit ${String(number)}`;
        const input = `to ${String(number)} `;
        const { code, stdout } = await ssh(server, ["-S", path, command], { input });
        return code === number ? stdout.trim() : `exit code ${String(code)}`;
      };
      const results = await Promise.all(Array.from({ length: 24 }, (_, number) => run(number)));
      await master.close();
      return results;
    },
  },
  {
    name: "environment: sessions get the container's variables",
    expected: "yes 0,1 /bin/bash demo HOME\n",
    observe: async (server) => {
      const command =
        'echo "$OF_THE_IMAGE $CUDA_VISIBLE_DEVICES $SHELL $GPU_DEV_RESERVATION_NAME $HOME"';
      return outcomeOf(server, await ssh(server, [command])).stdout;
    },
  },
  {
    name: "environment: a login shell keeps the container's PATH",
    expected: true,
    observe: async (server) =>
      (await ssh(server, ["bash -lc 'echo :$PATH:'"])).stdout.includes(":/opt/tools/bin:"),
  },
  {
    name: "environment: SSH_CONNECTION names both ends",
    expected: true,
    observe: async (server) => {
      const { stdout } = await ssh(server, ['echo "$SSH_CONNECTION $SSH_CLIENT"']);
      const port = String(server.port);
      const ends = `127\\.0\\.0\\.1 (\\d+) 127\\.0\\.0\\.1 ${port} 127\\.0\\.0\\.1 \\1 ${port}`;
      return new RegExp(`^${ends}\n$`).test(stdout);
    },
  },
  {
    name: "environment: a client sets LANG and LC_*, and no other variable",
    expected: "C.UTF-8 C.UTF-8 - - -\n",
    observe: async (server) => {
      const variables = "LANG=C.UTF-8 LC_ALL=C.UTF-8 COLORTERM=x TZ=UTC LD_PRELOAD=/x";
      const command = 'echo "$LANG $LC_ALL ${COLORTERM:--} ${TZ:--} ${LD_PRELOAD:--}"';
      return (await ssh(server, ["-o", `SetEnv ${variables}`, command])).stdout;
    },
  },
  {
    name: "connection: keep-alive requests get a reply",
    expected: 0,
    observe: async (server) => {
      const keepAlive = ["-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=1"];
      return (await ssh(server, [...keepAlive, "sleep 2.5"])).code;
    },
  },
  {
    name: "connection: an unknown subsystem is refused",
    expected: { code: 255, refused: true },
    observe: async (server) => {
      const { code, stderr } = await ssh(server, ["-s", "unknown"]);
      return { code: code ?? "timed out", refused: stderr.includes("subsystem request failed") };
    },
  },
];

const SIGNAL_SCRIPT =
  "trap 'echo got it; exit 4' INT; echo ready; for i in $(seq 100); do sleep 0.05; done";

/** Runs a command with npm's ssh2, for requests that OpenSSH's client never sends. */
async function withChannel(
  server: SshServerUnderTest,
  command: string,
  use: (channel: ClientChannel, output: () => string) => Promise<void>,
): Promise<{ stdout: string; code: unknown }> {
  const client = new Client();
  client.on("error", () => undefined);
  let stdout = "";
  try {
    const run = new Promise<unknown>((resolve, reject) => {
      client.on("ready", () => {
        client.exec(command, (error, channel) => {
          if (error) {
            reject(error);
            return;
          }
          channel.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
          channel.on("exit", (code: unknown) => {
            resolve(code);
          });
          // Once the client has ended its input, ssh2 sends no more signals.
          use(channel, () => stdout)
            .then(() => channel.end())
            .catch(reject);
        });
      });
    });
    const privateKey = readFileSync(server.key);
    client.connect({ host: "127.0.0.1", port: server.port, username: "dev", privateKey });
    return { code: await withTimeout(run), stdout };
  } finally {
    client.destroy();
  }
}
