import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions, transform } from "esbuild";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const options = {
  outdir: here("dist"),
  outExtension: { ".js": ".cjs" },
  bundle: true,
  external: ["vscode"],
  platform: "node",
  target: "node22",
  // Including names, which shortens the activation by a tenth.
  minify: true,
  sourcesContent: false,
  logLevel: "warning",
} satisfies BuildOptions;

/**
 * Three programs: the extension, in an entry and chunks that are loaded later; the program that
 * explains the host of an ended reservation, in one file because it is copied for ssh; and the
 * script of the details view. The first two are CommonJS, because every supported editor loads it.
 */
await rm(here("dist"), { recursive: true, force: true });
await Promise.all([buildExtension(), buildExplain(), buildDetailsPage()]);

/**
 * esbuild splits only ECMAScript modules, so each split file is converted to CommonJS. Without the
 * chunks, the editor would compile the code that a start does not need, too: that takes as long as
 * the start itself.
 */
async function buildExtension(): Promise<void> {
  const { outputFiles } = await build({
    ...options,
    entryPoints: { extension: here("src/extension.ts") },
    format: "esm",
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    sourcemap: "inline",
    write: false,
  });
  await Promise.all(outputFiles.map(({ path, text }) => writeCommonJs(path, text)));
}

async function writeCommonJs(path: string, text: string): Promise<void> {
  const { code, map } = await transform(text, {
    format: "cjs",
    platform: options.platform,
    target: options.target,
    minify: true,
    sourcemap: "external",
    sourcesContent: false,
  });
  const name = path.replace(/^.*[/\\]/, "");
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${code}//# sourceMappingURL=${name}.map\n`);
  await writeFile(`${path}.map`, map);
}

async function buildExplain(): Promise<void> {
  await build({
    ...options,
    entryPoints: { explain: here("src/explainEntry.ts") },
    format: "cjs",
    sourcemap: "linked",
  });
}

async function buildDetailsPage(): Promise<void> {
  await build({
    ...options,
    entryPoints: { detailsPage: here("src/details/webview/page.ts") },
    outExtension: {},
    platform: "browser",
    target: "es2022",
    format: "iife",
  });
}
