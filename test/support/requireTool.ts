import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The reasons for skipped suites and tests, which the reporter prints. */
const suiteReasons = new Map<Mocha.Suite, string>();
const testReasons = new WeakMap<Mocha.Runnable, string>();

/**
 * Skips the test or suite if a program is missing, and records the reason. In CI a missing program
 * is a failure, because `.ci/run` installs all of them. Call it from a `before` hook or a test that
 * is written as `function`.
 */
export function requireTool(context: Mocha.Context, ...names: string[]): void {
  const missing = names.filter((name) => !isOnPath(name));
  if (missing.length === 0) return;
  skipBecause(context, `${missing.join(", ")} not on the PATH`);
}

/** Skips the test or suite because this machine cannot run it. In CI this is a failure. */
export function skipBecause(context: Mocha.Context, reason: string): void {
  if (process.env["CI"] === "true") throw new Error(`Nothing may be skipped in CI: ${reason}`);
  recordSkip(context.test ?? context.currentTest, reason);
  context.skip();
}

export function skipReason(test: Mocha.Test): string | null {
  const own = testReasons.get(test);
  if (own !== undefined) return own;
  for (let suite = test.parent; suite; suite = suite.parent) {
    const reason = suiteReasons.get(suite);
    if (reason !== undefined) return reason;
  }
  return null;
}

export function recordSkip(runnable: Mocha.Runnable | undefined, reason: string): void {
  if (!runnable) return;
  testReasons.set(runnable, reason);
  // A skipped hook skips its whole suite; a skipped test skips only itself.
  if (runnable instanceof Mocha.Test || !runnable.parent) return;
  suiteReasons.set(runnable.parent, reason);
}

function isOnPath(name: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
