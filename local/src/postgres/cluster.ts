import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chown, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Account } from "./account.ts";
import type { Binaries } from "./binaries.ts";

/** The one role and the one database of the embedded server. */
export const ROLE = "gpu_dev";
export const DATABASE = "gpu_dev";

/** A PostgreSQL data directory and the password of its role. */
export interface Cluster {
  readonly data: string;
  readonly password: string;
}

/**
 * Creates the data directory if it is missing. It appears complete or not at all, so a crash during
 * the creation does no harm. `home` belongs to PostgreSQL's account.
 */
export async function ensureCluster(
  home: string,
  account: Account,
  binaries: Binaries,
): Promise<Cluster> {
  const data = join(home, "data");
  await createHome(home, account);
  const password = await ensurePassword(join(home, "password"), account);
  if (!(await exists(data))) await createData(home, data, account, binaries);
  return { data, password };
}

async function createData(home: string, data: string, account: Account, binaries: Binaries) {
  const unfinished = join(home, "data.unfinished");
  await rm(unfinished, { recursive: true, force: true });
  await runAs(account, binaries.initdb, [
    `--pgdata=${unfinished}`,
    `--username=${ROLE}`,
    `--pwfile=${join(home, "password")}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--no-instructions",
    // Safe: a crash leaves the unfinished folder, which is deleted.
    "--no-sync",
    // Independent of the locales of this machine.
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
  ]);
  const singleUser = ["--single", "-D", unfinished, "postgres"];
  await runAs(account, binaries.postgres, singleUser, `create database ${DATABASE}\n`);
  await rename(unfinished, data);
}

async function createHome(home: string, account: Account): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  if (account) await chown(home, account.uid, account.gid);
}

async function ensurePassword(file: string, account: Account): Promise<string> {
  try {
    const password = (await readFile(file, "utf8")).trim();
    if (password !== "") return password;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const password = randomBytes(24).toString("base64url");
  await writeFile(file, `${password}\n`, { mode: 0o600 });
  if (account) await chown(file, account.uid, account.gid);
  return password;
}

function runAs(account: Account, program: string, args: string[], input = ""): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { cwd: "/", env: { LC_ALL: "C", TZ: "UTC" }, ...account };
    const child = execFile(program, args, options, (error, _stdout, stderr) => {
      if (error) reject(new Error(`${program} failed: ${stderr.trim()}`, { cause: error }));
      else resolve();
    });
    child.stdin?.end(input);
  });
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
