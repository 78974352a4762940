import { signal } from "../../local/src/process/processes.ts";
import { takeViolations } from "./observedServers.ts";
import { childrenOf } from "./processes.ts";
import { removeSharedPostgres } from "./postgres.ts";
import { waitFor } from "./waitFor.ts";

/** Longer than the timeout of the hook below, which is 30 seconds. */
const EXIT_TIMEOUT_MS = 40_000;

export const mochaHooks = {
  /** Every response of a control plane conforms to the published document, in every test. */
  afterEach(): void {
    const violations = takeViolations();
    if (violations.length > 0) throw new Error(violations.join("\n"));
  },
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(30_000);
    exitAfterTimeout();
    await removeSharedPostgres();
    try {
      await waitFor(() => childrenOf().length === 0, {
        timeoutMs: 5_000,
        describe: "every child process of the tests to end",
      });
    } catch (cause) {
      const left = childrenOf();
      const lines = left.map(({ pid, command }) => `${String(pid)} ${command}`);
      for (const { pid } of left) signal(pid, "SIGTERM");
      throw new Error(`The tests left these processes running; ended:\n${lines.join("\n")}`, {
        cause,
      });
    }
  },
};

/** Fails the run if a leaked server or timer keeps the process alive, and names it. */
function exitAfterTimeout(): void {
  const timer = setTimeout(() => {
    const resources = process.getActiveResourcesInfo().join(", ");
    process.stderr.write(`The tests have ended, but these keep the process alive: ${resources}\n`);
    process.exit(1);
  }, EXIT_TIMEOUT_MS);
  timer.unref();
}
