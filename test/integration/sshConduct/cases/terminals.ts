import { openTerminal, runClient, ssh, sshOptions, TARGET } from "../../../support/sshClient.ts";
import { waitFor } from "../../../support/waitFor.ts";
import { HANG_MS, outcomeOf, withTimeout, type ConductCase } from "../conductCase.ts";
import type { SshServerUnderTest } from "../serverUnderTest.ts";

/** Sessions with a terminal. */
export const TERMINAL_CASES: readonly ConductCase[] = [
  {
    name: "terminal: a login shell with the client's size, TERM and the exit code",
    expected: { size: "33 101", term: "xterm-256color", login: "on", code: 3 },
    observe: async (server) => {
      const terminal = openTerminal(server, { columns: 101, rows: 33 });
      terminal.type('echo "<$(stty size)|$TERM|$(shopt login_shell | cut -f2)>"\r');
      const [, size, term, login] = await terminal.shows(/<(\d+ \d+)\|([^|]*)\|(on|off)>/);
      terminal.type("exit 3\r");
      return { size, term, login, code: await withTimeout(terminal.exited) };
    },
  },
  {
    name: "terminal: the greeting names the reservation, its GPUs and its files",
    expected: "demo: 2 GPUs. Your files: WORKSPACE",
    observe: async (server) => {
      const terminal = openTerminal(server);
      const [line] = await terminal.shows(/demo[.:].*(?=\r\n)/);
      terminal.hangUp();
      return line.replaceAll(server.workspace, "WORKSPACE");
    },
  },
  {
    name: "terminal: a new window size reaches the program",
    expected: "22 77",
    observe: async (server) => {
      const terminal = openTerminal(server);
      terminal.type("echo ready-now | tr - _\r");
      await terminal.shows(/ready_now/);
      terminal.resize(77, 22);
      terminal.type('until [ "$(stty size)" = "22 77" ]; do sleep 0.05; done; stty size; exit\r');
      const [, size] = await terminal.shows(/[\r\n](22 77)\r\n/);
      terminal.hangUp();
      return size;
    },
  },
  {
    name: "terminal: Ctrl-C interrupts the foreground program",
    expected: { code: 5 },
    observe: async (server) => {
      const terminal = openTerminal(server);
      terminal.type("sleep 4321; exit 5\r");
      await waitFor(() => server.hasProcess("sleep 4321"), { describe: "the program" });
      terminal.type("\u0003");
      await waitFor(() => !server.hasProcess("sleep 4321"), { describe: "its end" });
      terminal.type("exit 5\r");
      return { code: await withTimeout(terminal.exited) };
    },
  },
  {
    name: "terminal: the client's modes are applied",
    expected: { erase: "^H", echo: "-echoctl" },
    observe: async (server) => {
      const terminal = openTerminal(server, { prepare: "stty erase ^H -echoctl" });
      terminal.type("stty -a; exit\r");
      const [, erase] = await terminal.shows(/[^w]erase = (\S+);/);
      const [, echo] = await terminal.shows(/[ \n](-?echoctl)\b/);
      terminal.hangUp();
      return { erase, echo };
    },
  },
  {
    name: "terminal: closes when its shell ends, despite background jobs",
    expected: { code: 3, running: true },
    observe: async (server) => {
      const terminal = openTerminal(server);
      terminal.type("sleep 777 & exit 3\r");
      const code = await withTimeout(terminal.exited);
      return { code, running: server.hasProcess("sleep 777") };
    },
  },
  {
    name: "terminal: closes when its command ends, despite background jobs",
    expected: { code: 0, running: true },
    observe: async (server) => {
      const command = "set -m; nohup sleep 778 > /dev/null & exit 0";
      const { code } = await ssh(server, ["-tt", command]);
      return { code: code ?? "timed out", running: server.hasProcess("sleep 778") };
    },
  },
  {
    name: "terminal: all output is shown before the end",
    expected: { code: 6, length: 60_000, end: true },
    observe: async (server) => {
      const command = "head -c 60000 /dev/zero | tr '\\0' x; echo END; exit 6";
      const { code, stdout } = await ssh(server, ["-tt", command]);
      return { code, length: stdout.split("x").length - 1, end: stdout.endsWith("END\r\n") };
    },
  },
  {
    name: "terminal: a disconnect hangs up programs, and keeps detached ones",
    expected: { foreground: false, detached: true },
    observe: async (server) => {
      const terminal = openTerminal(server);
      terminal.type("setsid sleep 1235 & sleep 4322\r");
      const running = (seconds: number) => server.hasProcess(`sleep ${String(seconds)}`);
      await waitFor(() => running(1235) && running(4322), { describe: "both programs" });
      terminal.hangUp();
      await endsSoon(server, "sleep 4322");
      return { foreground: running(4322), detached: running(1235) };
    },
  },
  {
    name: "terminal: a command over 128 KiB is refused with a reason",
    expected: { code: 127, reason: true, alive: true },
    observe: async (server) => {
      const half = "x".repeat(70_000);
      const args = [...sshOptions(server), "-tt", TARGET, ":", half, half];
      const { code, stdout, stderr } = outcomeOf(server, await runClient("ssh", args));
      return { code, reason: /too long/i.test(stdout + stderr), alive: server.isRunning() };
    },
    ownServer: true,
  },
  {
    name: "terminal: the client's early end of output ends the program",
    expected: { code: 0, running: false },
    observe: async (server) => {
      const line = ["ssh", ...sshOptions(server), "-tt", TARGET, "'exec yes'"].join(" ");
      const options = { timeoutMs: HANG_MS };
      const output = await runClient("bash", ["-c", `${line} | head -1`], options);
      const { code } = outcomeOf(server, output);
      await endsSoon(server, "yes");
      return { code, running: server.hasProcess("yes") };
    },
  },
];

async function endsSoon(server: SshServerUnderTest, commandLine: string): Promise<void> {
  const ended = () => !server.hasProcess(commandLine);
  await waitFor(ended, { describe: `the end of ${commandLine}` }).catch(() => undefined);
}
