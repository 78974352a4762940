import { chmod } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/**
 * One file for Node 22 and newer that needs nothing beside it; not minified, so that a stack trace can be read.
 * Its place may be given: `node cli/build.ts FILE`.
 */
const outfile = process.argv[2] ?? fileURLToPath(new URL("dist/gpu-dev.js", import.meta.url));

await build({
  entryPoints: [fileURLToPath(new URL("src/bundleEntry.ts", import.meta.url))],
  outfile,
  bundle: true,
  platform: "node",
  target: "node22",
  format: "esm",
  banner: {
    // Bundled CommonJS packages ask for built-in modules with require.
    js: [
      "#!/usr/bin/env node",
      'import { createRequire as createRequireForBundle } from "node:module";',
      "const require = createRequireForBundle(import.meta.url);",
    ].join("\n"),
  },
  logLevel: "warning",
});
await chmod(outfile, 0o755);
