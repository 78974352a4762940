import { signal } from "../../local/src/process/processes.ts";
import { ownChildren } from "./processes.ts";
import { removeSharedPostgres } from "./postgres.ts";
import { waitFor } from "./waitFor.ts";

/** Longer than the hooks, which may take 30 seconds. */
const EXIT_TIMEOUT_MS = 40_000;

export const mochaHooks = {
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(30_000);
    exitAfterTimeout();
    await removeSharedPostgres();
    try {
      await waitFor(() => ownChildren().length === 0, {
        timeoutMs: 5_000,
        describe: "every child process of the tests to end",
      });
    } catch (cause) {
      const left = ownChildren();
      const lines = left.map(({ pid, command }) => `${String(pid)} ${command}`);
      for (const { pid } of left) signal(pid, "SIGTERM");
      throw new Error(`these processes were left running and are ended now:\n${lines.join("\n")}`, {
        cause,
      });
    }
  },
};

/** A leaked server or loop fails the run and is named, instead of keeping the process alive. */
function exitAfterTimeout(): void {
  const timer = setTimeout(() => {
    const held = process.getActiveResourcesInfo().join(", ");
    process.stderr.write(`The tests have ended, but the process is kept alive by: ${held}\n`);
    process.exit(1);
  }, EXIT_TIMEOUT_MS);
  timer.unref();
}
