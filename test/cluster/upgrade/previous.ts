import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = new URL("../../../", import.meta.url).pathname;
/** The version that installations run: each release moves it on to the one before itself. */
const PREVIOUS = "342d0fd61d4f6337b850facc454c9daa50fb13af";
const WORKSPACES = ["control-plane", "shared"];
const NEEDED = ["migrations", "infra/catalogue.yaml", "package.json"];

/** Whether its history is at hand: a shallow clone lacks it. */
export function hasPrevious(): boolean {
  try {
    git("cat-file", "-e", `${PREVIOUS}^{commit}`);
    return true;
  } catch {
    return false;
  }
}

/** Writes out the control plane of the previous version with today's libraries, and answers the path of its `main.ts`. */
export function writePrevious(directory: string): string {
  const archive = join(directory, "previous.tar");
  writeFileSync(archive, git("archive", PREVIOUS, ...WORKSPACES, ...NEEDED));
  const version = join(directory, "previous");
  mkdirSync(join(version, "node_modules/@gpu-dev"), { recursive: true });
  execFileSync("tar", ["-xf", archive, "-C", version]);
  for (const name of readdirSync(join(ROOT, "node_modules"))) {
    if (name === "@gpu-dev" || name.startsWith(".")) continue;
    symlinkSync(join(ROOT, "node_modules", name), join(version, "node_modules", name));
  }
  for (const name of WORKSPACES) {
    symlinkSync(join(version, name), join(version, "node_modules/@gpu-dev", name));
  }
  return join(version, "control-plane/src/main.ts");
}

function git(...args: readonly string[]): Buffer {
  return execFileSync("git", ["-C", ROOT, ...args], {
    stdio: ["ignore", "pipe", "ignore"],
    maxBuffer: 256 * 1024 * 1024,
  });
}
