import { chmod } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/**
 * Builds one self-contained file for Node 22 and newer. It is not minified, so that stack traces
 * are readable. Another output file may be given: `node cli/build.ts FILE`.
 */
const outfile = process.argv[2] ?? fileURLToPath(new URL("dist/gpu-dev.js", import.meta.url));

await build({
  stdin: {
    contents: 'import { main } from "./main.ts"; await main();',
    resolveDir: fileURLToPath(new URL("src", import.meta.url)),
    loader: "ts",
  },
  outfile,
  bundle: true,
  platform: "node",
  target: "node22",
  format: "esm",
  banner: {
    // Bundled CommonJS packages load built-in modules with require.
    js: [
      "#!/usr/bin/env node",
      'import { createRequire as createRequireForBundle } from "node:module";',
      "const require = createRequireForBundle(import.meta.url);",
    ].join("\n"),
  },
  logLevel: "warning",
});
await chmod(outfile, 0o755);
