import { buildTool, findTool, TOOL_NAMES } from "./tools.ts";

/** Builds what `npm run test:cluster` needs and does not find; says how long each took. */
for (const name of TOOL_NAMES) {
  const there = findTool(name) !== null;
  const started = performance.now();
  const path = await buildTool(name);
  const seconds = Math.round((performance.now() - started) / 1_000);
  process.stdout.write(`${name}: ${path}${there ? "" : `, built in ${String(seconds)} s`}\n`);
}
