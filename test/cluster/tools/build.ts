import { Second } from "@gpu-dev/shared/durations.ts";
import { buildTool, findTool, TOOL_NAMES } from "./tools.ts";

/** Builds the tools of `npm run test:cluster` that are missing and prints how long each took. */
for (const name of TOOL_NAMES) {
  const exists = findTool(name) !== null;
  const started = performance.now();
  const path = await buildTool(name);
  const seconds = Math.round((performance.now() - started) / Second.ms);
  process.stdout.write(`${name}: ${path}${exists ? "" : `, built in ${String(seconds)} s`}\n`);
}
