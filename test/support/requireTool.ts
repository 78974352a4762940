import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { noteSkip } from "./skips.ts";

/**
 * Skips the test or suite when a program is missing, and says so in the report. In CI it must be there: `.ci/run`
 * installs it, and a missing one fails. Call it from a `before` or an `it` written as `function`.
 */
export function requireTool(context: Mocha.Context, ...names: string[]): void {
  const missing = names.filter((name) => !isOnPath(name));
  if (missing.length === 0) return;
  skipBecause(context, `${missing.join(", ")} not on the PATH`);
}

/** Skips for a reason of this machine; in CI such a reason is a failure. */
export function skipBecause(context: Mocha.Context, reason: string): void {
  if (process.env["CI"] === "true") throw new Error(`Nothing may be skipped in CI: ${reason}`);
  noteSkip(context.test ?? context.currentTest, reason);
  context.skip();
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
