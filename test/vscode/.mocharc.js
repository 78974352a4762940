const isFile = (argument) => /(^|\/)test\//.test(argument) && !argument.endsWith(".mocharc.js");
const names = process.argv.slice(2).filter(isFile);

// Tests in a real VS Code, which is slow to start: each file starts one editor and keeps it. Only
// the files directly in this folder are tests; the code in host/ runs inside the editor.
export default {
  ...(names.length === 0 && { spec: ["test/vscode/*.test.ts"] }),
  require: ["./test/support/rootHooks.ts"],
  reporter: "./test/support/reporter.ts",
  timeout: 120_000,
  slow: 30_000,
  forbidOnly: process.env.CI === "true",
};
