import { copyFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { createVSIX } from "@vscode/vsce";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Builds, and packs what users install: `node extension/package.ts [FILE.vsix]`. */
await import("./build.ts");
await copyFile(here("../LICENSE"), here("LICENSE"));
const packagePath = process.argv[2] ?? here("dist/gpu-dev.vsix");
await createVSIX({
  cwd: here("."),
  packagePath,
  // Everything is in the bundle.
  dependencies: false,
  // Pictures and links of the README lie in the package itself.
  rewriteRelativeLinks: false,
  allowMissingRepository: true,
});
console.log(packagePath);
