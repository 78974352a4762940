#!/usr/bin/env node
// Plain JavaScript that any Node can parse, so that an old Node prints a message instead of a
// syntax error.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `gpu-dev needs Node 22.18 or newer, but this is Node ${process.versions.node}. ` +
      "Run npx gpu-dev in the checkout (which has its own Node), or install a newer Node.\n",
  );
  process.exitCode = 1;
} else {
  const { main } = await import("../src/main.ts");
  await main();
}
