import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Second } from "@gpu-dev/shared/durations.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
/** The commit of the previous version. Each release sets it to the release before. */
const PREVIOUS = "f6ffedaf1d0ca74cbdce4dd83eecc296238e7bd3";
const WORKSPACES = ["control-plane", "shared"];
const NEEDED = ["migrations", "infra/catalogue.yaml", "package.json"];

/** Whether the clone has the previous version's commit; a shallow clone does not. */
export function hasPrevious(): boolean {
  try {
    git("cat-file", "-e", `${PREVIOUS}^{commit}`);
    return true;
  } catch {
    return false;
  }
}

/**
 * Writes the previous version's control plane, with today's libraries, and returns the path of its
 * `main.ts`.
 */
export function writePrevious(directory: string): string {
  const archive = join(directory, "previous.tar");
  writeFileSync(archive, git("archive", PREVIOUS, ...WORKSPACES, ...NEEDED));
  const version = join(directory, "previous");
  mkdirSync(version);
  execFileSync("tar", ["-xf", archive, "-C", version]);
  return withLibraries(version);
}

/**
 * Writes this version with further migrations, so that it is always ahead of the previous one.
 * Returns `main.ts`.
 */
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
  readonly stderr: string;
}

/** Runs a control plane whose role ends without a signal (migrate), or that fails to start. */
export function runToEnd(
  main: string,
  args: readonly string[],
  databaseUrl: string,
): Promise<Ended> {
  const env = { PATH: process.env["PATH"] ?? "", DATABASE_URL: databaseUrl };
  return new Promise((resolve) => {
    const options = { env, timeout: 30 * Second.ms, killSignal: "SIGKILL" as const };
    execFile(
      process.execPath,
      [main, ...args, "--log-level", "error"],
      options,
      (error, stdout, stderr) => {
        resolve({ code: error ? error.code : 0, stderr });
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
