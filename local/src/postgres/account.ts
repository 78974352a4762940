import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { StartError } from "../startError.ts";

const run = promisify(execFile);
const NAME = "postgres";

/**
 * The account of PostgreSQL's processes. Null is the user who ran `npm start`, unless that is root.
 */
export type Account = { readonly uid: number; readonly gid: number } | null;

/**
 * PostgreSQL refuses to run as root, so root runs it as the account `postgres`, created when
 * missing.
 */
export async function postgresAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return null;
  return (await findAccount()) ?? (await createAccount());
}

/** Runs `test` as that account, so that parent folders, ACLs and mount options count. */
export function canUse(account: Account, test: "-x" | "-r", path: string): boolean {
  const command = ["-c", `test ${test} "$1"`, "sh", path];
  const options = { cwd: "/", stdio: "ignore", ...account } as const;
  return spawnSync("/bin/sh", command, options).status === 0;
}

async function findAccount(): Promise<Account> {
  try {
    const [uid, gid] = await Promise.all([run("id", ["-u", NAME]), run("id", ["-g", NAME])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return null;
  }
}

async function createAccount(): Promise<Account> {
  try {
    const shell = ["--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/false"];
    await run("useradd", ["--system", "--user-group", ...shell, NAME]);
  } catch (cause) {
    throw new StartError(
      "missingTool",
      `PostgreSQL does not run as root, and useradd could not create the account "${NAME}" for it. ` +
        "Run npm start as an ordinary user, create that account, or name a database with --database-url.",
      { cause },
    );
  }
  return findAccount();
}
