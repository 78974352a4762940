import { ownChildren } from "./processes.ts";
import { removeSharedPostgres } from "./postgres.ts";
import { waitFor } from "./waitFor.ts";

export const mochaHooks = {
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(30_000);
    await removeSharedPostgres();
    await waitFor(() => ownChildren().length === 0, {
      timeoutMs: 5_000,
      describe: "every child process of the tests to end",
    }).catch((error: unknown) => {
      const left = ownChildren().map(({ pid, command }) => `${String(pid)} ${command}`);
      if (left.length > 0) throw new Error(`left running:\n${left.join("\n")}`, { cause: error });
    });
  },
};
