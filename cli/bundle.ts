import { chmod } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** The bundle that `npm ci` and `npm run build` write, and that the installed command runs. */
export const BUNDLE = fileURLToPath(new URL("dist/gpu-dev.js", import.meta.url));

/**
 * Builds one self-contained file for Node 22 and newer. It is not minified, so that stack traces
 * are readable.
 */
export async function buildBundle(outfile = BUNDLE): Promise<void> {
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
}
