import { copyFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { createVSIX } from "@vscode/vsce";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Builds and packs the extension: `node extension/package.ts [FILE.vsix]`. */
await import("./build.ts");
await copyFile(here("../LICENSE"), here("LICENSE"));
const packagePath = process.argv[2] ?? here("dist/gpu-dev.vsix");
await createVSIX({
  cwd: here("."),
  packagePath,
  // The bundle contains all dependencies.
  dependencies: false,
  // The package contains the pictures of the README.
  rewriteRelativeLinks: false,
  allowMissingRepository: true,
});
console.log(packagePath);
