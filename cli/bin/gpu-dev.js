#!/usr/bin/env node
// Plain JavaScript that any Node can parse. An older Node hands over to the one that `npm ci`
// installed.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const INSTALLED_NODE = fileURLToPath(new URL("../../node_modules/node/bin/node", import.meta.url));
const [major, minor] = process.versions.node.split(".").map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
  const { main } = await import("../src/main.ts");
  await main();
} else if (existsSync(INSTALLED_NODE)) {
  const child = spawn(INSTALLED_NODE, process.argv.slice(1), { stdio: "inherit" });
  // A terminal sends Ctrl-C to both; the child decides what it means.
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, () => child.kill(name));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === "SIGINT" ? 130 : 143);
  });
} else {
  process.stderr.write(
    `gpu-dev needs Node 22.18 or newer, but this is Node ${process.versions.node}. ` +
      "Run npm ci in the checkout, which installs such a Node, or install a newer Node.\n",
  );
  process.exitCode = 1;
}
