import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * Two files for the extension host and for ssh: the extension, and the few lines that explain a host that is over.
 * CommonJS, because that is what every editor of this class loads; minified for the time of activation, names
 * included (keeping them costs a tenth of it), with a map beside it for stack traces.
 */
await rm(here("dist"), { recursive: true, force: true });
await build({
  entryPoints: { extension: here("src/extension.ts"), explain: here("src/explainEntry.ts") },
  outdir: here("dist"),
  outExtension: { ".js": ".cjs" },
  bundle: true,
  external: ["vscode"],
  platform: "node",
  target: "node22",
  format: "cjs",
  minify: true,
  sourcemap: "linked",
  sourcesContent: false,
  metafile: true,
  logLevel: "warning",
});
