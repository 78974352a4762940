import { signal } from "../../local/src/process/processes.ts";
import { ownChildren } from "./processes.ts";
import { removeSharedPostgres } from "./postgres.ts";
import { waitFor } from "./waitFor.ts";

/** After the hooks, which may take 30 seconds themselves. */
const END_MS = 40_000;

export const mochaHooks = {
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(30_000);
    endEvenIfHeld();
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
      throw new Error(`left running, and ended now:\n${lines.join("\n")}`, { cause });
    }
  },
};

/** A test that leaks a server or a loop fails the run with a word on what it is; it does not hang it. */
function endEvenIfHeld(): void {
  const timer = setTimeout(() => {
    const held = process.getActiveResourcesInfo().join(", ");
    process.stderr.write(`The tests are over, but something still runs: ${held}\n`);
    process.exit(1);
  }, END_MS);
  timer.unref();
}
