import { globSync } from "node:fs";

/**
 * Files of other tiers that also run on a real Kubernetes, see support/rootHooks.ts. Listed by
 * name, so that mocha reports a missing one.
 */
const ALSO_ON_KUBERNETES = [
  // Failures of the reconcilers, behind a fault proxy.
  ...["troubles", "outage", "silentWatch", "nodes", "evictions", "foreign", "workers"].map(
    (name) => `test/integration/reconcilers/${name}.test.ts`,
  ),
  ...["session", "traffic", "ending", "leftovers"].map(
    (name) => `test/integration/mainJob/${name}.test.ts`,
  ),
  // The editor's flow; without an installed editor it is skipped and reported.
  "test/vscode/reservation.test.ts",
];

/** Thousands of reservations, and versions side by side: takes about as long as all other files. */
const UNDER_LOAD = /^test\/cluster\/(outage|scale|upgrade)\//;

/** Files to run side by side, by the name of the shard. Every file is in exactly one. */
export function shards(): Readonly<Record<"load" | "rest", readonly string[]>> {
  const files = [...globSync("test/cluster/**/*.test.ts").sort(), ...ALSO_ON_KUBERNETES];
  return {
    load: files.filter((file) => UNDER_LOAD.test(file)),
    rest: files.filter((file) => !UNDER_LOAD.test(file)),
  };
}
