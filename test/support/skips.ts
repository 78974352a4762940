import Mocha from "mocha";

/** Why something was skipped: from the test or hook that said so to the reporter, which prints it. */
const reasons = new Map<Mocha.Suite, string>();
const testReasons = new WeakMap<Mocha.Runnable, string>();

export function noteSkip(runnable: Mocha.Runnable | undefined, reason: string): void {
  if (!runnable) return;
  testReasons.set(runnable, reason);
  // A hook skips its whole suite; a test only itself.
  if (!(runnable instanceof Mocha.Test) && runnable.parent) reasons.set(runnable.parent, reason);
}

export function skipReason(test: Mocha.Test): string | null {
  const own = testReasons.get(test);
  if (own !== undefined) return own;
  for (let suite = test.parent; suite; suite = suite.parent) {
    const reason = reasons.get(suite);
    if (reason !== undefined) return reason;
  }
  return null;
}
