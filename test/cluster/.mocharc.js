// Said here and not by the hooks, so that their absence is noticed.
process.env.GPU_DEV_TEST_REAL_CLUSTER = "true";

// Against a real Kubernetes control plane. Which files: see halves.ts.
export default {
  // Ours first: the other one looks for children that were left running.
  require: ["./test/cluster/support/rootHooks.ts", "./test/support/rootHooks.ts"],
  reporter: "./test/support/reporter.ts",
  timeout: 60_000,
  slow: 10_000,
  forbidOnly: process.env.CI === "true",
};
