const isFile = (argument) => /(^|\/)test\//.test(argument) && !argument.endsWith(".mocharc.js");
const names = process.argv.slice(2).filter(isFile);

// Flows in a real VS Code: slow to start, so that each file opens one editor and keeps it. The
// files of this folder alone: what is in host/ runs inside the editor.
export default {
  ...(names.length === 0 && { spec: ["test/vscode/*.test.ts"] }),
  require: ["./test/support/rootHooks.ts"],
  reporter: "./test/support/reporter.ts",
  timeout: 120_000,
  slow: 30_000,
  forbidOnly: process.env.CI === "true",
};
