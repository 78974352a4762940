import assert from "node:assert/strict";
import { Minute } from "@gpu-dev/shared/durations.ts";
import { requireTool } from "../../support/requireTool.ts";
import { FAILURE_CASES } from "./cases/failures.ts";
import { FILE_CASES } from "./cases/files.ts";
import { FORWARD_CASES } from "./cases/forwards.ts";
import { LEASE_CASES } from "./cases/leases.ts";
import { LOGIN_CASES } from "./cases/logins.ts";
import { SESSION_CASES } from "./cases/sessions.ts";
import { TERMINAL_CASES } from "./cases/terminals.ts";
import type { ConductCase } from "./conductCase.ts";
import { KNOWN_DIFFERENCES } from "./knownDifferences.ts";
import { startServer, type ServerName, type SshServerUnderTest } from "./serverUnderTest.ts";

export const CONDUCT_CASES: readonly ConductCase[] = [
  ...SESSION_CASES,
  ...TERMINAL_CASES,
  ...FILE_CASES,
  ...FORWARD_CASES,
  ...LOGIN_CASES,
  ...FAILURE_CASES,
  ...LEASE_CASES,
];

const CLIENTS = ["ssh", "ssh-keygen", "ssh-agent", "ssh-add", "sftp", "scp", "curl", "mkfifo"];

/**
 * Runs the conduct suite of the SSH contract (docs/pod-contract.md) against one server, with
 * OpenSSH's clients. A known difference is asserted too, so that it is removed once it is fixed.
 */
export function describeConduct(
  name: ServerName,
  requireServer: (context: Mocha.Context) => void = () => undefined,
): void {
  describe(`the SSH contract, kept by the SSH server of ${name}`, function () {
    this.timeout(Minute.ms);
    let shared: SshServerUnderTest | undefined;
    const alone = new Map<ConductCase, Promise<PromiseSettledResult<unknown>[]>>();

    before(async function () {
      this.timeout(5 * Minute.ms);
      requireTool(this, ...CLIENTS);
      requireServer(this);
      shared = await startServer(name);
      // These mostly wait for a timeout of the server, so they run at the same time, but one
      // server starts after the other.
      let started: Promise<unknown> = Promise.resolve();
      for (const conduct of CONDUCT_CASES.filter(({ ownServer }) => ownServer === true)) {
        const server = started.then(() => startServer(name));
        started = server.catch(() => undefined);
        alone.set(conduct, Promise.allSettled([observeAlone(server, conduct)]));
      }
    });
    after(async () => {
      await Promise.all(alone.values());
      await shared?.stop();
    });

    for (const conduct of CONDUCT_CASES) {
      const difference = KNOWN_DIFFERENCES.find(
        (known) => known.server === name && known.case === conduct.name,
      );
      it(difference === undefined ? conduct.name : `${conduct.name} (differs)`, async () => {
        const [result] = (await alone.get(conduct)) ?? [];
        if (result?.status === "rejected") throw result.reason;
        if (shared?.isRunning() !== true) throw new Error(`server ended: ${shared?.log() ?? ""}`);
        const observed = result === undefined ? await conduct.observe(shared) : result.value;
        check(conduct, observed, difference?.observed);
      });
    }
  });
}

async function observeAlone(
  starting: Promise<SshServerUnderTest>,
  conduct: ConductCase,
): Promise<unknown> {
  const server = await starting;
  try {
    return await conduct.observe(server);
  } finally {
    await server.stop();
  }
}

function check({ expected, name }: ConductCase, observed: unknown, known: unknown): void {
  if (known === undefined) {
    assert.deepEqual(observed, expected);
    return;
  }
  assert.notDeepEqual(
    observed,
    expected,
    `"${name}" no longer differs: remove it from KNOWN_DIFFERENCES and docs/pod-contract.md`,
  );
  assert.deepEqual(observed, known);
}
