import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const ROOT = new URL("../../../", import.meta.url).pathname;
/** The version that installations run: each release moves it on to the one before itself. */
const PREVIOUS = "f6ffedaf1d0ca74cbdce4dd83eecc296238e7bd3";
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
  mkdirSync(version);
  execFileSync("tar", ["-xf", archive, "-C", version]);
  return withLibraries(version);
}

/** The same of this version, and further migrations: it is ahead of the previous one whether a release has any or not. */
export function writeThis(
  directory: string,
  name: string,
  migrations: Readonly<Record<string, string>>,
): string {
  const version = join(directory, name);
  for (const path of [...WORKSPACES, ...NEEDED]) {
    const filter = (from: string) => basename(from) !== "node_modules";
    cpSync(join(ROOT, path), join(version, path), { recursive: true, filter });
  }
  for (const [suffix, sql] of Object.entries(migrations)) {
    const count = readdirSync(join(version, "migrations")).filter((file) =>
      /^\d/.test(file),
    ).length;
    const number = String(count + 1).padStart(4, "0");
    writeFileSync(join(version, "migrations", `${number}_${suffix}.sql`), sql);
  }
  return withLibraries(version);
}

export interface Ended {
  readonly code: number | string | null | undefined;
  readonly said: string;
}

/** Runs a control plane that ends by itself, which one that serves would not. */
export function runToEnd(
  main: string,
  args: readonly string[],
  databaseUrl: string,
): Promise<Ended> {
  const env = { PATH: process.env["PATH"] ?? "", DATABASE_URL: databaseUrl };
  return new Promise((resolve) => {
    const options = { env, timeout: 30_000, killSignal: "SIGKILL" as const };
    execFile(
      process.execPath,
      [main, ...args, "--log-level", "error"],
      options,
      (error, stdout, stderr) => {
        resolve({ code: error ? error.code : 0, said: stderr });
      },
    );
  });
}

function withLibraries(version: string): string {
  mkdirSync(join(version, "node_modules/@gpu-dev"), { recursive: true });
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
