import { accessSync, constants, realpathSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { BUNDLE, buildBundle } from "./bundle.ts";

/** Marks a launcher as ours, so that no other program of this name is replaced. */
const MARK = "# The launcher of GPU Dev Servers. `npm run install-cli` writes it.";
const REPOSITORY = fileURLToPath(new URL("..", import.meta.url));
/** The Node of npm's package `node`, which `npm ci` installs. */
const NODE = join(REPOSITORY, "node_modules/node/bin/node");
const SYSTEM_FOLDER = "/usr/local/bin";

process.exitCode = await install(searchPath());

/**
 * Puts `gpu-dev` on the PATH: a launcher that runs the bundle with the Node that `npm ci`
 * installed, so that it works from every folder and with any system Node.
 */
async function install(path: readonly string[]): Promise<number> {
  const folder = launcherFolder(path);
  const launcher = join(folder, "gpu-dev");
  if (!(await isOurs(launcher))) {
    console.error(
      `${launcher} is another program. Remove or rename it, then run npm run install-cli again.`,
    );
    return 1;
  }
  await buildBundle();
  await mkdir(folder, { recursive: true });
  await writeFile(`${launcher}.new`, launcherText(), { mode: 0o755 });
  await rename(`${launcher}.new`, launcher);
  console.log(`Installed ${launcher}.`);
  const first = path.map((entry) => join(entry, "gpu-dev")).find(isExecutable);
  if (first === undefined) {
    console.log(
      `${folder} is not on your PATH yet. Type this, and add it to your shell's profile:\n` +
        `  export PATH="${folder}:$PATH"`,
    );
  } else if (realpathSync(first) !== realpathSync(launcher)) {
    console.log(`${first} comes first on your PATH. Remove it, or put ${folder} before it.`);
  } else {
    console.log("Try it: gpu-dev setup");
  }
  return 0;
}

/** A personal folder that is on the PATH; for root, who has none there, the system's. */
function launcherFolder(path: readonly string[]): string {
  const personal = [join(homedir(), ".local/bin"), join(homedir(), "bin")];
  const candidates = [...personal, SYSTEM_FOLDER];
  const usable = candidates.find(
    (folder) => path.includes(folder) && (personal.includes(folder) || isWritable(folder)),
  );
  return usable ?? join(homedir(), ".local/bin");
}

/** The user's PATH, without the folders that npm puts in front of it for its scripts. */
function searchPath(): string[] {
  const entries = (process.env["PATH"] ?? "").split(delimiter).filter((entry) => entry !== "");
  return entries
    .filter((entry) => !/node_modules\/(\.bin|.*node-gyp-bin)\/?$/.test(entry))
    .map((entry) => resolve(entry));
}

function launcherText(): string {
  return `#!/bin/sh
${MARK}
repository=${quoted(REPOSITORY)}
node=${quoted(NODE)}
program=${quoted(BUNDLE)}
if [ ! -x "$node" ] || [ ! -f "$program" ]; then
  echo "gpu-dev: $repository is incomplete. Run npm ci && npm run install-cli there, or remove $0." >&2
  exit 1
fi
exec "$node" "$program" "$@"
`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

async function isOurs(launcher: string): Promise<boolean> {
  try {
    return (await readFile(launcher, "utf8")).includes(MARK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return true;
    throw error;
  }
}

function isExecutable(file: string): boolean {
  return isAccessible(file, constants.X_OK);
}

function isWritable(folder: string): boolean {
  return isAccessible(folder, constants.W_OK);
}

function isAccessible(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
