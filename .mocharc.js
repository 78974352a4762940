const EVERYTHING = "test/{unit,integration,architecture}/**/*.test.ts";
const names = process.argv.slice(2).filter((argument) => /(^|\/)test\//.test(argument));

export default {
  // Mocha adds this to the files on the command line, so it is set only without them.
  ...(names.length === 0 && { spec: [EVERYTHING] }),
  require: ["./test/support/rootHooks.ts"],
  reporter: "./test/support/reporter.ts",
  timeout: 20_000,
  slow: 2_000,
  forbidOnly: process.env.CI === "true",
};
