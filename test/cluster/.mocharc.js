// Set here and not by the hooks, so that a run without them fails.
process.env.GPU_DEV_TEST_REAL_CLUSTER = "true";

// Against a real Kubernetes control plane. shards.ts lists the files.
export default {
  // This one first: the other one checks for child processes that were left running.
  require: ["./test/cluster/support/rootHooks.ts", "./test/support/rootHooks.ts"],
  reporter: "./test/support/reporter.ts",
  timeout: 60_000,
  slow: 10_000,
  forbidOnly: process.env.CI === "true",
};
