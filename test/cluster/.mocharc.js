const isFile = (argument) => /(^|\/)test\//.test(argument) && !argument.endsWith(".mocharc.js");
const names = process.argv.slice(2).filter(isFile);

// Said here and not by the hooks, so that their absence is noticed.
process.env.GPU_DEV_TEST_REAL_CLUSTER = "true";

// Against a real Kubernetes control plane. The main job's own files run here once more: their systems are brought up on
// a real cluster, see support/rootHooks.ts.
const EVERYTHING = [
  "test/cluster/**/*.test.ts",
  // The reconcilers' troubles, behind a proxy that makes them.
  ...["troubles", "outage", "silentWatch", "nodes", "evictions", "foreign", "workers"].map(
    (name) => `test/integration/reconcilers/${name}.test.ts`,
  ),
  // One by one: mocha takes a comma in braces for the end of a name.
  ...["session", "traffic", "ending", "leftovers"].map(
    (name) => `test/integration/mainJob/${name}.test.ts`,
  ),
  // The editor's flow; where no editor is installed it is skipped, and says so.
  "test/vscode/reservation.test.ts",
];

export default {
  ...(names.length === 0 && { spec: EVERYTHING }),
  // Ours first: the other one looks for children that were left running.
  require: ["./test/cluster/support/rootHooks.ts", "./test/support/rootHooks.ts"],
  reporter: "./test/support/reporter.ts",
  timeout: 60_000,
  slow: 10_000,
  forbidOnly: process.env.CI === "true",
};
