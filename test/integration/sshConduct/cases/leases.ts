import { addMs, Minute, Second } from "@gpu-dev/shared/durations.ts";
import { openSsh, openTerminal, ssh, TARGET } from "../../../support/sshClient.ts";
import { waitFor } from "../../../support/waitFor.ts";
import type { ConductCase } from "../conductCase.ts";
import type { SshServerUnderTest } from "../serverUnderTest.ts";

const WARNING = /\[gpu-dev\] demo ends in (5 minutes|\d+ \w+), at \d\d:\d\d UTC\. [^\r\n]*/;
/** A warning applies only if its time is further away than this when the server reads the end. */
const AHEAD_MS = 18 * Second.ms;
const WARNING_WAIT_MS = 30 * Second.ms;

/** The end of the lease, which no user may meet without notice. */
export const LEASE_CASES: readonly ConductCase[] = [
  {
    name: "lease: the greeting says when the lease ends and how to extend it",
    expected:
      "The lease ends at 2030-01-01 00:00 UTC, in N days. To extend it, run on your computer: gpu-dev extend demo",
    observe: async (server) => {
      const terminal = openTerminal(server, { columns: 200 });
      const [line] = await terminal.shows(/The lease .*(?=\r\n)/);
      terminal.hangUp();
      return line.replace(/in \d+ days/, "in N days");
    },
  },
  {
    name: "lease: terminals are warned before the end, and nothing else is",
    expected: {
      warning:
        "[gpu-dev] demo ends in 5 minutes, at TIME. Its programs are then stopped. To extend it, run on your computer: gpu-dev extend demo",
      again: false,
      typed: "<typed>",
      exec: { code: 0, stdout: "quiet\n", stderr: "" },
    },
    observe: async (server) => {
      server.setLeaseEnd(addMs(new Date(), 5 * Minute.ms + AHEAD_MS));
      const terminal = openTerminal(server, { columns: 200 });
      const exec = ssh(server, ["sleep 25; echo quiet"], { timeoutMs: WARNING_WAIT_MS + 5_000 });
      const [warning] = await shown(terminal, WARNING);
      terminal.type("echo '<''typed>'\r");
      const [typed] = await terminal.shows(/<typed>/);
      const { code, stdout, stderr } = await exec;
      const again = terminal.output().split("[gpu-dev]").length > 2;
      terminal.hangUp();
      const text = warning.replace(/at \d\d:\d\d UTC/, "at TIME");
      return { warning: text, again, typed, exec: { code, stdout, stderr } };
    },
    ownServer: true,
  },
  {
    name: "lease: a lease that is as long as a warning starts without it",
    expected: false,
    observe: async (server) => {
      server.setLeaseEnd(addMs(new Date(), 5 * Minute.ms));
      const terminal = openTerminal(server, { columns: 200 });
      await terminal.shows(/Your files/);
      const warned = await shown(terminal, WARNING, 12 * Second.ms).then(
        () => true,
        () => false,
      );
      terminal.hangUp();
      return warned;
    },
    ownServer: true,
  },
  {
    name: "lease: a session that ends with it gets that reason",
    expected: {
      code: 255,
      reason: "The lease of demo ended at TIME. To reserve again: gpu-dev reserve",
    },
    observe: (server) => reasonOfEnd(server, new Date()),
    ownServer: true,
  },
  {
    name: "lease: a session that ends before it gets another reason",
    expected: {
      code: 255,
      reason:
        "demo was stopped before the end of its lease: it was cancelled, or its node failed. The reason: gpu-dev show demo. To reserve again: gpu-dev reserve",
    },
    observe: (server) => reasonOfEnd(server, addMs(new Date(), 60 * Minute.ms)),
    ownServer: true,
  },
];

/** The reason that a client prints whose server is stopped. */
async function reasonOfEnd(server: SshServerUnderTest, leaseEnd: Date) {
  server.setLeaseEnd(leaseEnd);
  const client = openSsh(server, ["-tt", TARGET, "exec sleep 667"]);
  await waitFor(() => server.hasProcess("sleep 667"), { describe: "the session" });
  server.terminate();
  const code = await client.exited;
  const text = /Received disconnect from \S+ port \d+:11: *([^\r\n]*)/.exec(client.output())?.[1];
  return { code, reason: text?.replace(/at \d\d:\d\d UTC/, "at TIME") };
}

function shown(
  terminal: ReturnType<typeof openTerminal>,
  pattern: RegExp,
  timeoutMs = WARNING_WAIT_MS,
): Promise<RegExpExecArray> {
  return waitFor(() => pattern.exec(terminal.output()), {
    describe: `${String(pattern)} in ${JSON.stringify(terminal.output())}`,
    timeoutMs,
  });
}
