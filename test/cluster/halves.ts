import { globSync } from "node:fs";

/**
 * Files of other tiers that a real Kubernetes judges once more, see support/rootHooks.ts. By name, so that mocha tells of
 * one that is gone.
 */
const ONCE_MORE = [
  // The reconcilers' troubles, behind a proxy that makes them.
  ...["troubles", "outage", "silentWatch", "nodes", "evictions", "foreign", "workers"].map(
    (name) => `test/integration/reconcilers/${name}.test.ts`,
  ),
  ...["session", "traffic", "ending", "leftovers"].map(
    (name) => `test/integration/mainJob/${name}.test.ts`,
  ),
  // The editor's flow; where no editor is installed it is skipped, and says so.
  "test/vscode/reservation.test.ts",
];

/** Thousands of reservations, and versions beside each other: about as long as all the rest, which mostly waits. */
const UNDER_LOAD = /^test\/cluster\/(outage|scale|upgrade)\//;

/** Files to run side by side, by the name of the half. Every file is in exactly one. */
export function halves(): Readonly<Record<"load" | "rest", readonly string[]>> {
  const files = [...globSync("test/cluster/**/*.test.ts").sort(), ...ONCE_MORE];
  return {
    load: files.filter((file) => UNDER_LOAD.test(file)),
    rest: files.filter((file) => !UNDER_LOAD.test(file)),
  };
}
